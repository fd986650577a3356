import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import { enrol, HEALTH_MS, startLoad } from "../measure/fleet.ts";
import { startOurServer } from "../measure/our-server.ts";
import { measureWaits } from "../measure/wait.ts";
import { quantile, type Reading, type System } from "../metric.ts";
import type { GraphileCommands } from "../workers/graphile-worker.ts";
import { startWorker } from "../worker.ts";

/** Between one workflow and the next, in milliseconds. */
const GAP_MS = 20;

/**
 * From the commit of a submit, by the database, to an agent of the fleet holding the workflow, by the same machine's
 * clock: at 1, 1,000 and 10,000 idle agents, one workflow at a time. What the table has without a number of agents is
 * at 1,000. The peer's is in its own process, with 24 idle workers.
 */
export const dispatch: Benchmark = { name: "dispatch_ms", contenders: [ours, graphile] };

async function ours(owner: Owner, bench: Bench): Promise<Reading[]> {
  const server = await startOurServer(owner, bench);
  const load = startLoad(owner);
  const readings: Reading[] = [];
  let enrolled = 0;
  for (const agents of bench.quick ? [1, 1_000] : [1, 1_000, 10_000]) {
    await enrol(load, [server], { count: agents - enrolled, slots: 1 });
    enrolled = agents;
    await load.call("work", { healthMs: HEALTH_MS });
    await load.call("untilPolling");
    const latencies = await measureWaits(owner, load, server, { samples: bench.quick ? 50 : 300, gapMs: GAP_MS });
    readings.push(...readingsOf("groundcrew", latencies, agents === 1_000 ? "" : `.at_${agents}`));
  }
  return readings;
}

async function graphile(owner: Owner, bench: Bench): Promise<Reading[]> {
  const url = await bench.cluster.database(owner);
  const worker = startWorker<GraphileCommands>(owner, "graphile-worker");
  const latencies = await worker.call("latency", { url, samples: bench.quick ? 50 : 300 });
  return readingsOf("graphile-worker", latencies, "");
}

function readingsOf(system: System, latencies: number[], suffix: string): Reading[] {
  const sorted = latencies.toSorted((a, b) => a - b);
  const reading = (name: string, q: number): Reading => {
    return { name: `dispatch_ms.${name}${suffix}`, system, value: quantile(sorted, q), unit: "ms" };
  };
  return [reading("p50", 0.5), reading("p99", 0.99)];
}
