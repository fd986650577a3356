import type { ResumeRequest } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { findTarget, topicsOf } from "./target.ts";

/**
 * Ends a pause; false when there was none. Throws INVALID_ARGUMENT naming the field, and NOT_FOUND for an agent.
 */
export async function resume(
  { db, hints }: Pick<ServerContext, "db" | "hints">,
  request: ResumeRequest,
): Promise<boolean> {
  const named = await findTarget(db, request);
  const { numDeletedRows } = await db
    .deleteFrom("pauses")
    .where("scope", "=", named.scope)
    .where("target", "=", named.target)
    .executeTakeFirstOrThrow();
  hints.publish(...topicsOf(named));
  return numDeletedRows > 0n;
}
