// pg-boss in a process of its own: enqueues, then fetches and completes, by ones or by batches.
import { PgBoss } from "pg-boss";
import { Delivery, measurePeer, payloads, type Payload, type PeerResult } from "../peers/delivery.ts";
import { serveCommands } from "../worker.ts";

const QUEUE = "noop";

/** Jobs of one insert. */
const INSERT_BATCH = 1_000;

/** Loops that fetch at once: as many as its pool has connections. */
const LOOPS = 10;

const commands = {
  /** Enqueues jobs, then drains them by `batch` at a time. */
  async drain({ url, jobs, batch }: { url: string; jobs: number; batch: number }): Promise<PeerResult> {
    const boss = new PgBoss({ connectionString: url, max: LOOPS, supervise: false, schedule: false });
    await boss.start();
    await boss.createQueue(QUEUE);
    const result = await measurePeer(
      jobs,
      () => enqueue(boss, jobs),
      () => drain(boss, jobs, batch),
    );
    await boss.stop({ graceful: false });
    return result;
  },
};

export type PgBossCommands = typeof commands;

async function enqueue(boss: PgBoss, jobs: number): Promise<void> {
  for (const batch of payloads(jobs, INSERT_BATCH))
    await boss.insert(
      QUEUE,
      batch.map((data) => ({ data })),
    );
}

async function drain(boss: PgBoss, jobs: number, batch: number): Promise<number> {
  const delivery = new Delivery(jobs);
  await Promise.all(Array.from({ length: LOOPS }, () => drainOn(boss, delivery, batch)));
  const { seconds } = delivery;
  delivery.check(await left(boss));
  return seconds;
}

async function drainOn(boss: PgBoss, delivery: Delivery, batchSize: number): Promise<void> {
  for (;;) {
    const jobs = await boss.fetch<Payload>(QUEUE, { batchSize });
    if (jobs.length === 0) return;
    for (const { data } of jobs) delivery.ran(data.job);
    await boss.complete(
      QUEUE,
      jobs.map(({ id }) => id),
    );
  }
}

async function left(boss: PgBoss): Promise<number> {
  const { rows } = await boss
    .getDb()
    .executeSql(`select count(*)::integer as left from pgboss.job where state <> 'completed'`);
  return (rows[0] as { left: number }).left;
}

serveCommands(commands);
