import { delay } from "@groundcrew/rpc";
import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import { enrol, HEALTH_MS, startLoad } from "../measure/fleet.ts";
import { startOurServer } from "../measure/our-server.ts";
import { cpuMs, residentMb } from "../measure/proc.ts";
import { countStatements } from "../measure/statements.ts";
import type { Reading } from "../metric.ts";

/** What 10,000 connected agents cost one server that poll for work there is not, and report their health. */
export const idleAgents: Benchmark = { name: "idle_agents", contenders: [idle] };

async function idle(owner: Owner, bench: Bench): Promise<Reading[]> {
  const ours = await startOurServer(owner, bench);
  const load = startLoad(owner);
  await enrol(load, [ours], { count: bench.quick ? 1_000 : 10_000, slots: 8 });
  await load.call("work", { healthMs: HEALTH_MS });
  await load.call("untilPolling");
  const { pid } = ours.server.process;
  // One health interval first, so that what enrolling left behind is gone.
  await delay(HEALTH_MS);
  const windowMs = bench.quick ? 10_000 : 30_000;
  const before = await cpuMs(pid);
  await delay(windowMs);
  const cpu = (await cpuMs(pid)) - before;
  const { perS, healthPerS } = await countStatements(bench.cluster, windowMs);
  const reading = (name: string, value: number, unit: string): Reading => {
    return { name: `idle_agents.${name}`, system: "groundcrew", value, unit };
  };
  return [
    reading("rss_mb", await residentMb(pid), "MB"),
    reading("cpu_percent", (cpu / windowMs) * 100, "%"),
    reading("statements_per_s", perS, "1/s"),
    reading("health_statements_per_s", healthPerS, "1/s"),
  ];
}
