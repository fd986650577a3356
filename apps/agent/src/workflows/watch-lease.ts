import { WaitOutcome } from "@groundcrew/proto";
import { ANSWER_MS } from "../connection/server-link.ts";
import type { RunContext } from "./run-context.ts";

/** Waits for a cancel or the loss of a lease until it comes or `done` aborts. A broken Wait is made again. */
export async function watchLease(run: RunContext, done: AbortSignal): Promise<void> {
  const { lease, log } = run;
  try {
    while (!done.aborted && !(await askOnce(run, done)));
  } catch (error) {
    if (!done.aborted && !lease.discarded.aborted) log.warn({ err: error }, "the server refused to watch the lease");
  }
}

/** True when nothing more is to be waited for. */
async function askOnce({ lease, log, settings }: RunContext, done: AbortSignal): Promise<boolean> {
  const { workflowId, epoch } = lease.grant;
  const how = { signal: done, timeoutMs: settings.pollHoldMs + ANSWER_MS };
  const answer = await lease.call((client, options) => client.wait({ workflowId, epoch }, options), how);
  switch (answer.outcome) {
    case WaitOutcome.CANCELED:
      log.info({ by: answer.canceledBy }, "canceled");
      lease.stop({ kind: "canceled", by: answer.canceledBy });
      return true;
    case WaitOutcome.LOST:
      lease.stop({ kind: "lost" });
      return true;
    case WaitOutcome.ENDED:
      return true;
    default:
      return false;
  }
}
