import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  launchServer,
  startAgent,
  submit,
  temporaryFolder,
  untilEnded,
  untilLogged,
} from "@groundcrew/testkit/processes";
import type { Owner, TestServer } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import { quantile, type Reading } from "../metric.ts";

const SAMPLES = 50;

/**
 * From the cancel of a pipeline to the end of the last process of its step's tree, one of which has made a session of
 * its own; they end by SIGTERM, so that no grace is in it. The tree holds a pipe open: its end is the measure.
 */
export const cancel: Benchmark = { name: "cancel_ms", contenders: [measureCancels], repetitions: 3 };

async function measureCancels(owner: Owner, { quick }: Bench): Promise<Reading[]> {
  const server = await launchServer(owner);
  await startAgent(owner, server);
  const folder = await temporaryFolder(owner, "cancel");
  const samples: number[] = [];
  for (let i = 0; i < (quick ? SAMPLES / 5 : SAMPLES); i++) samples.push(await cancelOne(server, join(folder, `${i}`)));
  const sorted = samples.toSorted((a, b) => a - b);
  return [0.5, 0.99].map((q) => {
    return { name: `cancel_ms.p${q * 100}`, system: "groundcrew", value: quantile(sorted, q), unit: "ms" };
  });
}

async function cancelOne(server: TestServer, pipe: string): Promise<number> {
  await promisify(execFile)("mkfifo", [pipe]);
  const tree = `exec 9>${pipe}; setsid sleep 1000 & sleep 1000 & echo runs; wait`;
  const gone = readFile(pipe);
  const pipeline = await submit(server, `workflows: { w: { steps: [{ run: "${tree}" }] } }`);
  await untilLogged(server, pipeline, "runs");
  const startedMs = performance.now();
  await server.operator.cancelPipeline({ id: pipeline.id });
  await gone;
  const tookMs = performance.now() - startedMs;
  await untilEnded(server, pipeline.id);
  return tookMs;
}
