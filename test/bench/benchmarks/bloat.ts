import { delay } from "@groundcrew/rpc";
import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import { connectTo } from "../measure/cluster.ts";
import { checkDelivery } from "../measure/delivery.ts";
import type { Load } from "../measure/fleet.ts";
import { startFullLoad } from "../measure/full-load.ts";
import { startOurServer } from "../measure/our-server.ts";
import { measurePerS } from "../measure/rate.ts";
import type { Reading } from "../metric.ts";

/** How near to the clean rate counts as back to it: less than two windows of it differ. */
const BACK_PART = 0.9;

/**
 * The rate at full load before, at the end of, and after five minutes in which another connection holds a snapshot, so
 * that no dead row can be removed.
 */
export const bloat: Benchmark = { name: "bloat", contenders: [holdSnapshot] };

const SIZES = {
  quick: { windowMs: 3_000, holdMs: 8_000, recoveryMaxMs: 12_000 },
  full: { windowMs: 20_000, holdMs: 300_000, recoveryMaxMs: 120_000 },
};

async function holdSnapshot(owner: Owner, bench: Bench): Promise<Reading[]> {
  const { windowMs, holdMs, recoveryMaxMs } = bench.quick ? SIZES.quick : SIZES.full;
  const server = await startOurServer(owner, bench);
  const load = await startFullLoad(owner, [server]);
  const clean = await measurePerS(load, windowMs);
  const sql = connectTo(owner, server.databaseUrl);
  const held = await sql.begin("isolation level repeatable read", async (tx) => {
    await tx`select count(*) from workflows`;
    await delay(holdMs - windowMs);
    return measurePerS(load, windowMs);
  });
  const recoveryS = await recover(load, clean, { windowMs: windowMs / 2, maxMs: recoveryMaxMs });
  await checkDelivery(owner, server.databaseUrl, await load.call("finish"));
  return [
    { name: "bloat.clean_per_s", system: "groundcrew", value: clean, unit: "1/s" },
    { name: "bloat.held_part", system: "groundcrew", value: held / clean, unit: "of clean" },
    { name: "bloat.recovery_s", system: "groundcrew", value: recoveryS, unit: "s" },
  ];
}

/** How long until the rate was back to the clean one, in seconds; as long as it was waited for if it was not. */
async function recover(
  load: Load,
  clean: number,
  { windowMs, maxMs }: { windowMs: number; maxMs: number },
): Promise<number> {
  const started = performance.now();
  for (;;) {
    const perS = await measurePerS(load, windowMs);
    const passedMs = performance.now() - started;
    if (perS >= BACK_PART * clean) return (passedMs - windowMs) / 1_000;
    if (passedMs > maxMs) return passedMs / 1_000;
  }
}
