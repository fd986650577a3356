import { timestampMs } from "@bufbuild/protobuf/wkt";
import { OperatorService, WorkflowState } from "@groundcrew/proto";
import { createClient, dial } from "@groundcrew/rpc";
import {
  runPipeline,
  startAgent,
  temporaryFolder,
  untilEnded,
  type Owner,
  type TestServer,
} from "@groundcrew/testkit/processes";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import postgres from "postgres";
import type { Bench, Benchmark } from "../benchmark.ts";
import { profiling, startOurServer } from "../measure/our-server.ts";
import { quantile, type Reading } from "../metric.ts";

const compress = promisify(zstdCompress);

const STEPS = 10;

/** With its newline, in bytes. */
const LINE_BYTES = 100;

/** What a step prints again and again. */
const FILE_LINES = 20_000;

/** As the server compresses a chunk. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 128 * 1024 };

/** Followers of a run's logs, and how many of them stop reading after the first lines. */
const TAILERS = 100;
const STALLED = 10;

/** What one chunk of a fast step holds. */
const CHUNK_LINES = 2_600;

/**
 * Lines of 100 bytes per second, half of each random: from the pipes of 10 steps at once to committed chunks,
 * over one agent and one server; and bare inserts of the same chunks into the same table. And how long after it was
 * written a follower sees a line at a tenth of the rate that is asked for, 10,000 lines/s. And what part of its speed such
 * a run keeps with 100 followers, of which 10 stop reading.
 */
export const logIngest: Benchmark = {
  name: "log_ingest",
  contenders: [ours, bareInsert, tail, tailed],
  repetitions: 3,
};

async function ours(owner: Owner, bench: Bench): Promise<Reading[]> {
  const { server } = await startOurServer(owner, bench);
  await startAgent(owner, server, { capacity: STEPS, env: profiling(bench) });
  const file = join(await temporaryFolder(owner, "lines"), "lines");
  await writeFile(file, linesOf(FILE_LINES));
  const times = bench.quick ? 5 : 25;
  const started = performance.now();
  await run(server, STEPS, `for i in $(seq ${times}); do cat ${file}; done`);
  const seconds = (performance.now() - started) / 1_000;
  const value = (STEPS * times * FILE_LINES) / seconds;
  return [{ name: "log_ingest_per_s", system: "groundcrew", value, unit: "lines/s" }];
}

/** Lines that are half alike and half random. */
function linesOf(count: number): Buffer {
  const same = "-".repeat(LINE_BYTES / 2 - 1);
  return Buffer.from(
    Array.from({ length: count }, () => `${same}${randomBytes(LINE_BYTES / 4).toString("hex")}\n`).join(""),
  );
}

async function bareInsert(owner: Owner, bench: Bench): Promise<Reading[]> {
  const { databaseUrl } = await startOurServer(owner, bench);
  const sql = postgres(databaseUrl, { max: 4, onnotice: () => undefined });
  try {
    const lengthMs = bench.quick ? 2_000 : 8_000;
    const started = performance.now();
    const counts = await Promise.all([1, 2, 3, 4].map((stepRun) => insertFor(sql, stepRun, started + lengthMs)));
    const seconds = (performance.now() - started) / 1_000;
    const value = counts.reduce((sum, count) => sum + count, 0) / seconds;
    return [{ name: "log_ingest_per_s", system: "limit", value, unit: "lines/s" }];
  } finally {
    await sql.end();
  }
}

async function insertFor(sql: postgres.Sql, stepRun: number, untilMs: number): Promise<number> {
  const lines = linesOf(CHUNK_LINES);
  let next = 0;
  for (; performance.now() < untilMs; next += CHUNK_LINES) {
    const data = await compress(lines, { ...COMPRESSION, pledgedSrcSize: lines.length });
    await sql`
      insert into log_chunks (step_run_id, first_line, line_count, lost_before, data)
      values (${stepRun}, ${next}, ${CHUNK_LINES}, 0, ${data})`;
  }
  return next;
}

/** Ten steps that print 10,000 lines/s between them. */
function pacedPipeline(seconds: number): string {
  return pipelineOf(STEPS, `for i in $(seq ${seconds * 20}); do seq 50; sleep 0.05; done`);
}

async function tailed(owner: Owner, bench: Bench): Promise<Reading[]> {
  const { server } = await startOurServer(owner, bench);
  await startAgent(owner, server, { capacity: STEPS });
  const content = pacedPipeline(bench.quick ? 3 : 10);
  await secondsOf(server, content, 0);
  const alone = await secondsOf(server, content, 0);
  const value = alone / (await secondsOf(server, content, TAILERS));
  return [{ name: "log_ingest.tailed_part", system: "groundcrew", value, unit: "of its speed" }];
}

/** From the submit to the last line stored, while so many follow, each one of the workflows. */
async function secondsOf(server: TestServer, content: string, tailers: number): Promise<number> {
  const leave = new AbortController();
  const started = performance.now();
  const { pipeline } = await server.operator.submitPipeline({ file: { path: "pipeline.yaml", content } });
  const workflows = pipeline?.workflows ?? [];
  const following = Array.from({ length: tailers }, (_, index) =>
    follow(server, { workflowId: workflows[index % STEPS]?.id ?? "", stalls: index < STALLED, signal: leave.signal }),
  );
  const { state } = await untilEnded(server, pipeline?.id ?? "");
  const seconds = (performance.now() - started) / 1_000;
  leave.abort();
  await Promise.all(following);
  if (state !== WorkflowState.SUCCEEDED) throw new Error(`the pipeline ended in state ${state}`);
  return seconds;
}

interface Follower {
  workflowId: string;
  /** Stops reading after the first lines, and keeps the call. */
  stalls: boolean;
  signal: AbortSignal;
}

async function follow(server: TestServer, { workflowId, stalls, signal }: Follower): Promise<void> {
  // Its own connection, as each program has: what it leaves unread counts against all that share one.
  const connection = await dial({ url: server.url, token: server.adminToken });
  const operator = createClient(OperatorService, connection.transport);
  try {
    for await (const _ of operator.tailLogs({ workflowId, follow: true }, { signal })) {
      if (stalls && !signal.aborted) await once(signal, "abort");
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    connection.close();
  }
}

async function tail(owner: Owner, bench: Bench): Promise<Reading[]> {
  const { server } = await startOurServer(owner, bench);
  await startAgent(owner, server, { capacity: STEPS, env: profiling(bench) });
  const content = pacedPipeline(bench.quick ? 3 : 10);
  const { pipeline } = await server.operator.submitPipeline({ file: { path: "pipeline.yaml", content } });
  const delays = await followDelays(server, pipeline?.id ?? "");
  const sorted = delays.toSorted((a, b) => a - b);
  return [{ name: "log_ingest.tail_p99_ms", system: "groundcrew", value: quantile(sorted, 0.99), unit: "ms" }];
}

/** How long after it was written each line of a pipeline was seen, in milliseconds. Resolves at its end. */
async function followDelays({ operator }: TestServer, pipelineId: string): Promise<number[]> {
  const delays: number[] = [];
  for await (const { entries, baseTime } of operator.tailLogs({ pipelineId, follow: true })) {
    const nowMs = Date.now();
    const baseMs = baseTime ? timestampMs(baseTime) : 0;
    for (const { atMs } of entries) delays.push(nowMs - baseMs - atMs);
  }
  return delays;
}

async function run(server: TestServer, workflows: number, command: string): Promise<void> {
  const { state } = await runPipeline(server, pipelineOf(workflows, command));
  if (state !== WorkflowState.SUCCEEDED) throw new Error(`the pipeline ended in state ${state}`);
}

/** A pipeline file of so many workflows with the same step. */
function pipelineOf(workflows: number, command: string): string {
  const names = Array.from({ length: workflows }, (_, index) => `w${index}`);
  return ["workflows:", ...names.map((name) => `  ${name}: { steps: [{ run: '${command}' }] }`)].join("\n");
}
