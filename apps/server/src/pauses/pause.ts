import type { PauseInfo, PauseRequest } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { requireText } from "../validate.ts";
import { pauseMessage } from "./pause-message.ts";
import { selectPauses } from "./list.ts";
import { findTarget, topicsOf } from "./target.ts";

/** The longest reason, in characters: operator.proto's figure. */
const REASON_MAX = 256;

/**
 * Pauses the queue, a repository or an agent: nothing more of it is leased, what runs goes on. One that is paused
 * already stays as it was paused first. Throws INVALID_ARGUMENT naming the field, and NOT_FOUND for an agent.
 */
export async function pause(
  { db, hints }: Pick<ServerContext, "db" | "hints">,
  request: PauseRequest,
  actor: string,
): Promise<PauseInfo> {
  const reason = requireText("reason", request.reason, {
    max: REASON_MAX,
    expected: `at most ${REASON_MAX} characters`,
  });
  const named = await findTarget(db, request);
  const row = await db.transaction().execute(async (tx) => {
    await tx
      .insertInto("pauses")
      .values({ ...named, paused_by: actor, reason })
      // Locks the first one until the commit, so that it cannot be resumed before it is read.
      .onConflict((first) => first.columns(["scope", "target"]).doUpdateSet({ scope: named.scope }))
      .execute();
    return selectPauses(tx)
      .where("p.scope", "=", named.scope)
      .where("p.target", "=", named.target)
      .executeTakeFirstOrThrow();
  });
  hints.publish(...topicsOf(named));
  return pauseMessage(row);
}
