// graphile-worker in a process of its own: enqueues, then works, as its own benchmark does.
import { Logger, makeWorkerUtils, run, type Runner, type RunnerOptions, type WorkerUtils } from "graphile-worker";
import postgres from "postgres";
import { wallClockMs } from "../measure/wall-clock.ts";
import { Delivery, measurePeer, payloads, type Payload, type PeerResult } from "../peers/delivery.ts";
import { serveCommands } from "../worker.ts";

/** Jobs at once, as in its own benchmark (perfTest/run.js). */
const CONCURRENCY = 24;

/** Jobs of one addJobs. */
const BATCH = 1_000;

/** What its own benchmark sets for its fastest mode. */
const LOCAL_QUEUE = { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } };

const logger = new Logger(() => () => undefined);

const commands = {
  /** Enqueues jobs, then drains them. */
  async drain({ url, jobs, localQueue }: { url: string; jobs: number; localQueue: boolean }): Promise<PeerResult> {
    const utils = await makeWorkerUtils({ connectionString: url, logger });
    await utils.migrate();
    const result = await measurePeer(
      jobs,
      () => enqueue(utils, jobs),
      () => drain(url, jobs, localQueue),
    );
    await utils.release();
    return result;
  },

  /** When each of some jobs, enqueued one at a time while all workers idle, started: by its mark in the table. */
  async latency({ url, samples }: { url: string; samples: number }): Promise<number[]> {
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    const started: number[] = [];
    let next = Promise.withResolvers<void>();
    const runner = await work(url, false, () => {
      started.push(wallClockMs());
      next.resolve();
    });
    await sql`create table marks (id integer primary key)`;
    for (let sample = 0; sample < samples; sample++) {
      next = Promise.withResolvers();
      await sql`with job as (select graphile_worker.add_job('noop', ${sql.json({ job: sample })}::json))
        insert into marks select ${sample}::integer from job`;
      await next.promise;
    }
    const marks = await sql<{ ms: number }[]>`
      select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as ms from marks order by id`;
    await runner.stop();
    await sql.end();
    return marks.map(({ ms }, sample) => (started[sample] ?? Number.NaN) - ms);
  },
};

export type GraphileCommands = typeof commands;

async function enqueue(utils: WorkerUtils, jobs: number): Promise<void> {
  for (const batch of payloads(jobs, BATCH)) {
    await utils.addJobs(batch.map((payload) => ({ identifier: "noop", payload })));
  }
}

async function drain(url: string, jobs: number, localQueue: boolean): Promise<number> {
  const delivery = new Delivery(jobs);
  const runner = await work(url, localQueue, ({ job }) => delivery.ran(job));
  await delivery.all;
  // It lets go of its workers once the last job's end is stored.
  await runner.stop();
  const { seconds } = delivery;
  delivery.check(await left(url));
  return seconds;
}

function work(url: string, localQueue: boolean, noop: (payload: Payload) => void): Promise<Runner> {
  const options: RunnerOptions = {
    connectionString: url,
    concurrency: CONCURRENCY,
    maxPoolSize: CONCURRENCY + 1,
    noHandleSignals: true,
    taskList: { noop: (payload) => noop(payload as Payload) },
    logger,
    ...(localQueue && { preset: LOCAL_QUEUE }),
  };
  return run(options);
}

async function left(url: string): Promise<number> {
  const sql = postgres(url, { max: 1 });
  const [row] = await sql<{ left: number }[]>`select count(*)::integer as left from graphile_worker.jobs`;
  await sql.end();
  return row?.left ?? Number.NaN;
}

serveCommands(commands);
