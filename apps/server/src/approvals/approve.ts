import type { ApproveRequest } from "@groundcrew/proto";
import { conflict } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { readReady } from "../workflows/children.ts";
import { admitReady } from "../workflows/transitions.ts";
import { topicsOf } from "../workflows/workflow-row.ts";
import { checkedTarget, lockWaiting, type Waiting } from "./waiting.ts";

type Needs = Pick<ServerContext, "db" | "hints" | "replica" | "turns">;

/**
 * Approves workflows that wait for it, all or none: they go on to whatever else they wait for. Returns their ids. Throws
 * NOT_FOUND, and FAILED_PRECONDITION when nothing waits, or when a stranger's workflow names secrets and the approval does
 * not grant them.
 */
export async function approve(context: Needs, request: ApproveRequest, actor: string): Promise<string[]> {
  const target = checkedTarget(request);
  const { ids, topics } = await context.db.transaction().execute(async (tx) => {
    const waiting = await lockWaiting(tx, target);
    if (!request.withSecrets) requireNoSecrets(waiting);
    const ids = waiting.map(({ row }) => row.id);
    await record(tx, context.replica, waiting, { actor, withSecrets: request.withSecrets });
    const admitted = await admitReady(tx, context, await readReady(tx, ids));
    return { ids, topics: [...waiting.flatMap(({ row }) => topicsOf(row)), ...admitted] };
  });
  context.hints.publish(...topics);
  return ids;
}

function requireNoSecrets(waiting: readonly Waiting[]): void {
  const first = waiting.find(({ untrusted, secrets }) => untrusted && secrets.length > 0);
  if (!first) return;
  const { row, name, secrets } = first;
  throw conflict(
    `workflow ${row.id} (${name}) is a stranger's and its steps name ${secrets.join(", ")}: ` +
      "approve it with secrets, as an admin, or decline it",
  );
}

/** The approval itself is in the history: from blocked to blocked, by whoever gave it. */
async function record(
  tx: Tx,
  replica: string,
  waiting: readonly Waiting[],
  { actor, withSecrets }: { actor: string; withSecrets: boolean },
): Promise<void> {
  const ids = waiting.map(({ row }) => row.id);
  const granted = waiting.filter(({ untrusted }) => untrusted && withSecrets).map(({ row }) => row.id);
  await sql`
    with changed as (
      update workflows set approved_by = ${actor}, approved_at = now(),
        secrets_granted = id = any (${granted}::bigint[])
      where id = any (${ids}::bigint[]) returning id, epoch
    )
    insert into workflow_events (workflow_id, from_state, to_state, epoch, actor, replica)
    select id, 'blocked', 'blocked', epoch, ${actor}, ${replica} from changed order by id`.execute(tx);
}
