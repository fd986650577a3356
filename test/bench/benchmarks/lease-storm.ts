import { delay } from "@groundcrew/rpc";
import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import { checkDelivery } from "../measure/delivery.ts";
import { enrol, startLoad } from "../measure/fleet.ts";
import { startOurServer } from "../measure/our-server.ts";
import { cpuMs, treeCpuMs } from "../measure/proc.ts";
import type { Reading } from "../metric.ts";

const AGENTS = 1_250;
const SLOTS = 8;

/** A third of the lease's default time to live, in milliseconds. */
const RENEW_MS = 20_000;

/** What 10,000 running workflows cost that 1,250 agents renew every 20 s. */
export const leaseStorm: Benchmark = { name: "lease_storm", contenders: [renewals] };

async function renewals(owner: Owner, bench: Bench): Promise<Reading[]> {
  const ours = await startOurServer(owner, bench);
  const { server, host } = ours;
  const { pid } = server.process;
  const running = AGENTS * SLOTS;
  const load = startLoad(owner);
  await enrol(load, [ours], { count: AGENTS, slots: SLOTS });
  await load.call("hold");
  await load.call("work", { renewMs: RENEW_MS });
  await load.call("submit", { hosts: [host], token: server.adminToken, perSubmit: 500, backlog: running });
  await load.call("until", { what: "granted", count: running });
  await load.call("stopSubmitting");
  // The first round is still among the Inits.
  await delay(RENEW_MS);
  const windowMs = bench.quick ? RENEW_MS : 3 * RENEW_MS;
  const before = { server: await cpuMs(pid), postgres: await treeCpuMs(bench.cluster.pid) };
  await delay(windowMs);
  const after = { server: await cpuMs(pid), postgres: await treeCpuMs(bench.cluster.pid) };
  await load.call("release");
  await checkDelivery(owner, ours.databaseUrl, await load.call("finish"));
  const percent = (ms: number): number => (ms / windowMs) * 100;
  return [
    { name: "lease_storm.cpu_percent", system: "groundcrew", value: percent(after.server - before.server), unit: "%" },
    {
      name: "lease_storm.postgres_cpu_percent",
      system: "groundcrew",
      value: percent(after.postgres - before.postgres),
      unit: "%",
    },
  ];
}
