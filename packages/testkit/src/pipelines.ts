import { WorkflowState, type Pipeline, type Workflow } from "@groundcrew/proto";
import { delay, isRetryable } from "@groundcrew/rpc";
import type { TestServer } from "./server.ts";

/** The states a workflow never leaves. */
const ENDED: ReadonlySet<WorkflowState> = new Set([
  WorkflowState.SUCCEEDED,
  WorkflowState.FAILED,
  WorkflowState.CANCELED,
  WorkflowState.TIMED_OUT,
  WorkflowState.LOST,
  WorkflowState.SKIPPED,
]);

/** How long a pipeline of a test may take, in milliseconds. */
const WAIT_MAX_MS = 60_000;
/** How soon a watch that broke is made again, in milliseconds. */
const AGAIN_MS = 50;

/** Submits a pipeline file. */
export async function submit(
  { operator }: TestServer,
  content: string,
  env: Record<string, string> = {},
): Promise<Pipeline> {
  const { pipeline } = await operator.submitPipeline({ file: { path: "pipeline.yaml", content }, env });
  if (!pipeline) throw new Error("the server answered no pipeline");
  return pipeline;
}

/** Watches a pipeline until it is as wanted, through restarts of the server. */
export async function watchUntil(
  server: TestServer,
  id: string,
  wanted: (pipeline: Pipeline) => boolean,
  waitMaxMs = WAIT_MAX_MS,
): Promise<Pipeline> {
  const leave = new AbortController();
  const late = setTimeout(() => leave.abort(new Error(`pipeline ${id} did not come to it`)), waitMaxMs);
  let last: Pipeline | undefined;
  try {
    for (;;) {
      last = (await watchOnce(server, id, wanted, leave.signal).catch(forgive(leave.signal))) ?? last;
      if (last && wanted(last)) return last;
      await delay(AGAIN_MS, leave.signal);
    }
  } finally {
    clearTimeout(late);
    leave.abort();
  }
}

async function watchOnce(
  { operator }: TestServer,
  id: string,
  wanted: (pipeline: Pipeline) => boolean,
  signal: AbortSignal,
): Promise<Pipeline | undefined> {
  const leave = new AbortController();
  let last: Pipeline | undefined;
  try {
    for await (const { pipeline } of operator.watchPipeline(
      { id },
      { signal: AbortSignal.any([signal, leave.signal]) },
    )) {
      last = pipeline;
      if (pipeline && wanted(pipeline)) return pipeline;
    }
    return last;
  } finally {
    leave.abort();
  }
}

/** A server that goes down or is away is the test's doing, and comes back. */
function forgive(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    signal.throwIfAborted();
    if (!isRetryable(error)) throw error;
  };
}

/** Waits until every workflow of a pipeline has ended. Default: a minute at most. */
export function untilEnded(server: TestServer, id: string, waitMaxMs = WAIT_MAX_MS): Promise<Pipeline> {
  return watchUntil(server, id, ({ workflows }) => workflows.every(({ state }) => ENDED.has(state)), waitMaxMs);
}

/** Submits a pipeline file and waits for its end. */
export async function runPipeline(
  server: TestServer,
  content: string,
  env: Record<string, string> = {},
): Promise<Pipeline> {
  return untilEnded(server, (await submit(server, content, env)).id);
}

/** The workflow of this name, or the only one. */
export function workflowOf({ workflows }: Pipeline, name?: string): Workflow {
  const found = workflows.filter((workflow) => name === undefined || workflow.name === name);
  const [workflow] = found;
  if (!workflow || found.length > 1) throw new Error(`${found.length} workflows are named ${name ?? "anything"}`);
  return workflow;
}
