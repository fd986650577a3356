import type { RemoveSecretRequest } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { recordDeed } from "./audit.ts";
import { checkedPlace } from "./place.ts";

/** Removes a secret: what starts from now on does not get it. Answers whether there was one. */
export async function removeSecret(
  { db, log }: Pick<ServerContext, "db" | "log">,
  request: RemoveSecretRequest,
  actor: string,
): Promise<boolean> {
  const place = checkedPlace(request);
  const removed = await db.transaction().execute(async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom("secrets")
      .where("scope", "=", place.scope)
      .where("target", "=", place.target)
      .where("name", "=", place.name)
      .executeTakeFirstOrThrow();
    if (numDeletedRows > 0n) await recordDeed(tx, { action: "remove", ...place, actor });
    return numDeletedRows > 0n;
  });
  if (removed) log.info({ ...place, actor }, "a secret was removed");
  return removed;
}
