import type { MessageInitShape } from "@bufbuild/protobuf";
import { SecretAction, type ListSecretEventsRequest, type ListSecretEventsResponseSchema } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db, ServerContext, Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { SecretActionName } from "../db/schema.ts";
import { timestampOf } from "../names.ts";
import { idPage, paged } from "../page.ts";
import type { SecretPlace } from "./seal.ts";

/** How long it is remembered, in days: what an auditor asks for is a year. */
const REMEMBERED_DAYS = 400;

/** What somebody did to one secret, or with the key to all. */
type Deed = { actor: string } & (({ action: "set" | "remove" } & SecretPlace) | { action: "rotate"; key_id: string });

/** A secret that a workflow's lease was given. */
export interface SecretUse extends SecretPlace {
  workflow_id: string;
  epoch: string;
}

/** Remembers what somebody did, in the transaction that does it. */
export async function recordDeed(tx: Tx, deed: Deed): Promise<void> {
  await tx.insertInto("secret_events").values(deed).execute();
}

/** Remembers which secrets leases are given, once for each lease. The agent that holds it is who uses them. */
export async function recordUses(db: Db, uses: readonly SecretUse[]): Promise<void> {
  if (uses.length === 0) return;
  await sql`
    insert into secret_events (action, scope, target, name, workflow_id, epoch, actor)
    select 'use', u.scope, u.target, u.name, u.workflow_id, u.epoch, coalesce(a.name, '')
    from jsonb_to_recordset(${json(uses)})
      as u (scope text, target text, name text, workflow_id bigint, epoch bigint)
    left join leases l on l.epoch = u.epoch left join agents a on a.id = l.agent_id
    on conflict do nothing`.execute(db);
}

/** A page of what was done with secrets, newest first. Throws INVALID_ARGUMENT naming the field. */
export async function listSecretEvents(
  db: Db,
  { page: asked, owner, repository, name }: ListSecretEventsRequest,
): Promise<MessageInitShape<typeof ListSecretEventsResponseSchema>> {
  if (owner !== "" && repository !== "") throw invalidField("repository", repository, "nothing beside an owner");
  const page = idPage(asked);
  const read = await db
    .selectFrom("secret_events")
    .selectAll()
    .$if(page.after !== undefined, (query) => query.where("id", "<", page.after ?? ""))
    .$if(owner !== "", (query) => query.where("scope", "=", "owner").where("target", "=", owner))
    .$if(repository !== "", (query) => query.where("scope", "=", "repository").where("target", "=", repository))
    .$if(name !== "", (query) => query.where("name", "=", name))
    .orderBy("id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, ({ id }) => id);
  return {
    events: rows.map((row) => ({
      at: timestampOf(row.at),
      action: ACTIONS[row.action],
      name: row.name,
      owner: row.scope === "owner" ? row.target : "",
      repository: row.scope === "repository" ? row.target : "",
      actor: row.actor,
      workflowId: row.workflow_id ?? "0",
      keyId: row.key_id,
    })),
    nextPageToken,
  };
}

const ACTIONS: Record<SecretActionName, SecretAction> = {
  set: SecretAction.SET,
  remove: SecretAction.REMOVE,
  use: SecretAction.USE,
  rotate: SecretAction.ROTATE,
};

/** Forgets what was done more than 400 days ago. Returns how much. */
export async function removeOldSecretEvents({ db }: Pick<ServerContext, "db">): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("secret_events")
    .where("at", "<", sql<Date>`now() - ${REMEMBERED_DAYS} * interval '1 day'`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
