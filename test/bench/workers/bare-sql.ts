// The statements of a bare queue without any RPC, in a process of its own.
import postgres from "postgres";
import { createTables, done, init, lease, submit, tally, update } from "../limits/statements.ts";
import { serveCommands } from "../worker.ts";

/** Jobs of one submit. */
const SUBMIT_BATCH = 50;

const commands = {
  /** Queues jobs, then takes each through its life, `batch` at a time on each of `connections`. Answers jobs per second. */
  async drain({ url, jobs, batch, connections }: { url: string; jobs: number; batch: number; connections: number }) {
    const sql = postgres(url, { max: connections, onnotice: () => undefined });
    await createTables(sql);
    const started = performance.now();
    for (let queued = 0; queued < jobs; queued += SUBMIT_BATCH) await submit(sql, SUBMIT_BATCH);
    await Promise.all(Array.from({ length: connections }, () => drainOn(sql, batch)));
    const seconds = (performance.now() - started) / 1_000;
    const { ended, steps } = await tally(sql);
    if (ended !== jobs || steps !== jobs) throw new Error(`${ended} of ${jobs} jobs ended, with ${steps} steps`);
    await sql.end();
    return jobs / seconds;
  },
};

export type BareSqlCommands = typeof commands;

async function drainOn(sql: postgres.Sql, batch: number): Promise<void> {
  for (;;) {
    const jobs = await lease(sql, batch);
    if (jobs.length === 0) return;
    await init(sql, jobs);
    await update(sql, jobs);
    await done(sql, jobs);
  }
}

serveCommands(commands);
