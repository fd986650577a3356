import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Contender } from "../benchmark.ts";
import type { Reading, System } from "../metric.ts";
import type { PeerResult } from "../peers/delivery.ts";
import type { BareSqlCommands } from "../workers/bare-sql.ts";
import type { GraphileCommands } from "../workers/graphile-worker.ts";
import type { PgBossCommands } from "../workers/pg-boss.ts";
import { startWorker } from "../worker.ts";

/**
 * The peers, each in one process with its jobs, without any network call for a job: what they publish figures for.
 * Their jobs are enqueued before the clock starts, which only favours them.
 */
export const peers: readonly Contender[] = [
  (owner, bench) => graphile(owner, bench, { name: "lifecycle_per_s", localQueue: false, jobs: 5_000 }),
  (owner, bench) => graphile(owner, bench, { name: "lifecycle_per_s.local_queue", localQueue: true, jobs: 60_000 }),
  (owner, bench) => boss(owner, bench, { name: "lifecycle_per_s", batch: 1, jobs: 2_000 }),
  (owner, bench) => boss(owner, bench, { name: "lifecycle_per_s.batched", batch: 500, jobs: 30_000 }),
];

/** The statements of a bare queue without any RPC: one job in each, on 16 connections, and 50 in each, on 8. */
export const bareSql: readonly Contender[] = [
  (owner, bench) => sqlOnly(owner, bench, { name: "sql_single", batch: 1, connections: 16, jobs: 5_000 }),
  (owner, bench) => sqlOnly(owner, bench, { name: "sql_batched", batch: 50, connections: 8, jobs: 40_000 }),
];

async function graphile(
  owner: Owner,
  bench: Bench,
  { name, localQueue, jobs }: { name: string; localQueue: boolean; jobs: number },
): Promise<Reading[]> {
  const url = await bench.cluster.database(owner);
  const worker = startWorker<GraphileCommands>(owner, "graphile-worker");
  const result = await worker.call("drain", { url, localQueue, jobs: scaled(jobs, bench) });
  return readingsOf(name, "graphile-worker", result);
}

async function boss(
  owner: Owner,
  bench: Bench,
  { name, batch, jobs }: { name: string; batch: number; jobs: number },
): Promise<Reading[]> {
  const url = await bench.cluster.database(owner);
  const worker = startWorker<PgBossCommands>(owner, "pg-boss");
  const result = await worker.call("drain", { url, batch, jobs: scaled(jobs, bench) });
  return readingsOf(name, "pg-boss", result);
}

async function sqlOnly(
  owner: Owner,
  bench: Bench,
  { name, jobs, ...how }: { name: string; batch: number; connections: number; jobs: number },
): Promise<Reading[]> {
  const url = await bench.cluster.database(owner);
  const worker = startWorker<BareSqlCommands>(owner, "bare-sql");
  const value = await worker.call("drain", { url, jobs: scaled(jobs, bench), ...how });
  return [{ name: `lifecycle_per_s.${name}`, system: "limit", value, unit: "1/s" }];
}

function readingsOf(name: string, system: System, { drainedPerS, enqueuedPerS }: PeerResult): Reading[] {
  const mode = name.split(".")[1];
  return [
    { name, system, value: drainedPerS, unit: "1/s" },
    { name: mode === undefined ? "enqueue_per_s" : `enqueue_per_s.${mode}`, system, value: enqueuedPerS, unit: "1/s" },
  ];
}

function scaled(jobs: number, { quick }: Bench): number {
  return quick ? jobs / 4 : jobs;
}
