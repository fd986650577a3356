import { WorkflowState, type Pipeline } from "@groundcrew/proto";
import {
  startAgent,
  submit,
  temporaryFolder,
  untilEnded,
  type Owner,
  type TestServer,
} from "@groundcrew/testkit/processes";
import { execa } from "execa";
import { join } from "node:path";
import type { Bench, Benchmark } from "../benchmark.ts";
import { profiling, startOurServer } from "../measure/our-server.ts";
import { peakMb } from "../measure/proc.ts";
import type { Reading } from "../metric.ts";

const LINES = 10_000_000;
const QUICK_LINES = 1_000_000;

/** Far more than a log may have: the step goes on, and its output is thrown away. */
const FLOOD_BYTES = 5e9;
const QUICK_FLOOD_BYTES = 5e8;

/** A busy machine takes its time for 5 GB. */
const WAIT_MAX_MS = 600_000;

/**
 * The lines per second of `seq 1 10000000`: through a step, from the submit to the last line stored, read back in
 * order; and through `cat` into a file. And the most memory that the agent ever has while a step writes 5 GB.
 */
export const logPipe: Benchmark = { name: "log_pipe", contenders: [ours, cat, flood], repetitions: 3 };

async function ours(owner: Owner, bench: Bench): Promise<Reading[]> {
  const { server } = await startOurServer(owner, bench);
  const agent = await startAgent(owner, server, { env: profiling(bench) });
  const lines = bench.quick ? QUICK_LINES : LINES;
  const { pipeline, seconds } = await run(server, `seq 1 ${lines}`);
  const peak = await peakMb(agent.process.pid);
  await expectSequence(server, pipeline.id, lines);
  return [
    { name: "log_pipe_per_s", system: "groundcrew", value: lines / seconds, unit: "lines/s" },
    { name: "log_pipe.peak_mb", system: "groundcrew", value: peak, unit: "MB" },
  ];
}

async function cat(owner: Owner, bench: Bench): Promise<Reading[]> {
  const lines = bench.quick ? QUICK_LINES : LINES;
  const file = join(await temporaryFolder(owner, "cat"), "lines");
  const started = performance.now();
  await execa("sh", ["-c", `seq 1 ${lines} | cat > "$1"`, "sh", file]);
  const seconds = (performance.now() - started) / 1_000;
  return [{ name: "log_pipe_per_s", system: "limit", value: lines / seconds, unit: "lines/s" }];
}

async function flood(owner: Owner, bench: Bench): Promise<Reading[]> {
  const { server } = await startOurServer(owner, bench);
  const agent = await startAgent(owner, server, { env: profiling(bench) });
  const bytes = bench.quick ? QUICK_FLOOD_BYTES : FLOOD_BYTES;
  await run(server, `yes "${"x".repeat(99)}" | head -c ${bytes}`);
  const value = await peakMb(agent.process.pid);
  return [{ name: "log_pipe.flood_peak_mb", system: "groundcrew", value, unit: "MB" }];
}

async function run(server: TestServer, command: string): Promise<{ pipeline: Pipeline; seconds: number }> {
  const started = performance.now();
  const submitted = await submit(server, `workflows: { w: { steps: [{ run: '${command}' }] } }`);
  const pipeline = await untilEnded(server, submitted.id, WAIT_MAX_MS);
  if (pipeline.state !== WorkflowState.SUCCEEDED) throw new Error(`the pipeline ended in state ${pipeline.state}`);
  return { pipeline, seconds: (performance.now() - started) / 1_000 };
}

async function expectSequence({ operator }: TestServer, pipelineId: string, lines: number): Promise<void> {
  let last = 0;
  for await (const { entries } of operator.tailLogs({ pipelineId })) {
    for (const { text } of entries) {
      last += 1;
      if (Number(Buffer.from(text).toString("latin1")) !== last) throw new Error(`line ${last} is ${String(text)}`);
    }
  }
  if (last !== lines) throw new Error(`the log has ${last} lines, expected ${lines}`);
}
