import type { Db } from "../context.ts";
import { namedSecrets } from "../secrets/named.ts";
import type { Reason } from "./reason.ts";
import type { Subject } from "./subject.ts";

/** The approval that a workflow needs and nobody has given. */
export async function approvalReasons(db: Db, { id, state, block_reason, unapproved, trusted }: Subject) {
  if (!unapproved) return [];
  const withSecrets = !trusted && (await namesSecrets(db, id));
  const command = `crew approvals approve ${id}${withSecrets ? " --with-secrets" : ""}`;
  const what = withSecrets ? "its approval with secrets, for it is a stranger's and names some" : "its approval";
  const text =
    state === "blocked" && block_reason === "approval" ? `it waits for ${what}: ${command}` : `then it needs ${what}`;
  return [{ text, reason: { case: "approval", value: { withSecrets } } }] satisfies Reason[];
}

async function namesSecrets(db: Db, id: string): Promise<boolean> {
  const { plan } = await db.selectFrom("workflows").select("plan").where("id", "=", id).executeTakeFirstOrThrow();
  return namedSecrets(plan).length > 0;
}
