// Measures this checkout on this machine: `make bench`, `make bench ONLY=dispatch_ms,herd`, `make bench QUICK=1`.
import { scoped } from "@groundcrew/testkit/processes";
import { measure, type Bench, type Benchmark } from "./benchmark.ts";
import { agentIdle } from "./benchmarks/agent-idle.ts";
import { bloat } from "./benchmarks/bloat.ts";
import { cancel } from "./benchmarks/cancel.ts";
import { depth } from "./benchmarks/depth.ts";
import { dispatch } from "./benchmarks/dispatch.ts";
import { fairness } from "./benchmarks/fairness.ts";
import { herd } from "./benchmarks/herd.ts";
import { idleAgents } from "./benchmarks/idle-agents.ts";
import { leaseStorm } from "./benchmarks/lease-storm.ts";
import { lifecycle } from "./benchmarks/lifecycle.ts";
import { logIngest } from "./benchmarks/log-ingest.ts";
import { logPipe } from "./benchmarks/log-pipe.ts";
import { pipeline200 } from "./benchmarks/pipeline-200.ts";
import { replicas } from "./benchmarks/replicas.ts";
import { serverReady } from "./benchmarks/server-ready.ts";
import { soak } from "./benchmarks/soak.ts";
import { stepOverhead } from "./benchmarks/step-overhead.ts";
import { startCluster } from "./measure/cluster.ts";
import { metricsOf, type Reading } from "./metric.ts";
import { printTables } from "./print.ts";
import { machine, writeResults } from "./results.ts";

const BENCHMARKS: readonly Benchmark[] = [
  serverReady,
  agentIdle,
  pipeline200,
  stepOverhead,
  cancel,
  logPipe,
  logIngest,
  lifecycle,
  dispatch,
  idleAgents,
  herd,
  depth,
  bloat,
  leaseStorm,
  fairness,
  replicas,
  soak,
];

process.exitCode = await main(process.env["ONLY"], Boolean(process.env["QUICK"]));

async function main(only: string | undefined, quick: boolean): Promise<number> {
  const names = BENCHMARKS.map(({ name }) => name);
  const wanted = only === undefined ? undefined : only.split(",");
  const unknown = wanted?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) {
    console.error(`bench: ONLY names ${unknown.join(", ")}, expected some of ${names.join(", ")}`);
    return 2;
  }
  console.log(`bench: on ${machine()}; servers, Postgres and simulated agents share it`);
  const chosen = BENCHMARKS.filter(({ name, slow }) => (wanted ? wanted.includes(name) : !(quick && slow)));
  const metrics = metricsOf(await runAll(chosen, quick));
  const file = await writeResults(metrics);
  printTables(metrics, quick);
  console.log(`bench: wrote ${file}`);
  return 0;
}

function runAll(benchmarks: readonly Benchmark[], quick: boolean): Promise<Reading[]> {
  return scoped(async (owner) => {
    const bench: Bench = { cluster: await startCluster(owner), quick, profileDir: process.env["PROFILE"] };
    const readings: Reading[] = [];
    for (const benchmark of benchmarks) readings.push(...(await measure(benchmark, bench)));
    return readings;
  });
}
