import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WaitRequest, WaitResponseSchema } from "@groundcrew/proto";
import { WaitOutcome } from "@groundcrew/proto";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { checkedLease, type LeaseName } from "./stale.ts";
import { isHeld } from "./transitions.ts";

/** How often a held Wait looks without a hint, in milliseconds, before jitter. */
const POLL_MS = 3_000;

type Response = MessageInitShape<typeof WaitResponseSchema>;

/** Answers once a cancel was asked for or the lease has ended, else "running" when the hold is over. */
export async function waitWorkflow(
  context: ServerContext,
  caller: Caller,
  request: WaitRequest,
  signal: AbortSignal,
): Promise<Response> {
  const name = checkedLease(request);
  const { pollHoldMs } = context.intervals;
  const holdMs = request.holdMs === 0 ? pollHoldMs : Math.min(request.holdMs, pollHoldMs);
  const ending = AbortSignal.any([signal, context.stopping, AbortSignal.timeout(holdMs)]);
  for await (const _ of context.hints.rounds([`workflow:${name.workflowId}`], POLL_MS, ending)) {
    const response = await look(context, caller, name);
    if (response.outcome !== WaitOutcome.RUNNING) return response;
  }
  return { outcome: WaitOutcome.RUNNING };
}

async function look({ db }: ServerContext, caller: Caller, { workflowId, epoch }: LeaseName): Promise<Response> {
  const row = await db
    .selectFrom("workflows")
    .select(["state", "cancel_requested_at", "canceled_by"])
    .where("id", "=", workflowId)
    .where("epoch", "=", epoch)
    .where("agent_id", "=", caller.agentId)
    .executeTakeFirst();
  if (!row) return { outcome: WaitOutcome.LOST };
  if (!isHeld(row.state)) return { outcome: row.state === "lost" ? WaitOutcome.LOST : WaitOutcome.ENDED };
  if (row.cancel_requested_at === null) return { outcome: WaitOutcome.RUNNING };
  return { outcome: WaitOutcome.CANCELED, canceledBy: row.canceled_by ?? "" };
}
