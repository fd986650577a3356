import type { DeclineRequest } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { requireText } from "../validate.ts";
import { applyChanges } from "../workflows/transitions.ts";
import { checkedTarget, lockWaiting } from "./waiting.ts";

type Needs = Pick<ServerContext, "db" | "hints" | "replica" | "turns">;

/**
 * Ends workflows that wait for an approval, all or none: `canceled`, with who declined and why. What depends on their
 * success is skipped. Returns their ids. Throws NOT_FOUND, and FAILED_PRECONDITION when nothing waits.
 */
export async function decline(context: Needs, request: DeclineRequest, actor: string): Promise<string[]> {
  const target = checkedTarget(request);
  const reason = requireText("reason", request.reason, { min: 1, max: 256, expected: "1 to 256 characters" });
  const change = {
    kind: "end",
    state: "canceled",
    reason: "declined",
    error: `declined by ${actor}: ${reason}`,
  } as const;
  const { ids, topics } = await context.db.transaction().execute(async (tx) => {
    const waiting = await lockWaiting(tx, target);
    const decided = waiting.map(({ row }) => ({ row, change, actor }));
    return { ids: waiting.map(({ row }) => row.id), topics: await applyChanges(tx, context, decided) };
  });
  context.hints.publish(...topics);
  return ids;
}
