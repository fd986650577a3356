import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Directive, DirectiveSchema } from "@groundcrew/proto";
import { conflict, invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db, ServerContext } from "../context.ts";
import { json } from "../db/json.ts";
import type { DirectiveAction } from "../db/schema.ts";
import { requireId, requireText } from "../validate.ts";
import type { Caller } from "./caller.ts";
import { agentId } from "./read.ts";

/** The longest reason of a shut-down, in characters. */
const REASON_MAX = 256;

/** The most acknowledgements that one report may carry: far more than an agent is ever told at once. */
const ACKS_MAX = 1_024;

/** A directive as the contract has it. */
export type DirectiveMessage = MessageInitShape<typeof DirectiveSchema>;

/** A process of an agent. */
type Process = Pick<Caller, "agentId" | "generation">;

/** What a process is done with: a directive it carried out, or refused for a reason. */
interface Acknowledgement extends Process {
  id: string;
  /** Empty: carried out. */
  refused: string;
}

/**
 * Stores an instruction for the process that is now an agent, named by id or name, until that process acknowledges it
 * or a newer one takes its place. Throws NOT_FOUND, INVALID_ARGUMENT naming the field, and FAILED_PRECONDITION for an
 * agent that nobody can be.
 */
export async function sendDirective(
  { db, hints }: Pick<ServerContext, "db" | "hints">,
  agent: string,
  directive: Directive | undefined,
  actor: string,
): Promise<DirectiveMessage> {
  const action = checkedAction(directive);
  const id = await agentId(db, agent);
  const row = await storeDirective(db, id, action, actor);
  if (!row) throw conflict(`agent ${agent} was reset or terminated: no process of it would hear this`);
  hints.publish(`agent:${id}`);
  return directiveMessage(row);
}

/** Stores an instruction for the process that is now an agent. Undefined: no process can be. */
export function storeDirective(db: Db, agentId: string, action: DirectiveAction, actor: string) {
  return db
    .insertInto("directives")
    .columns(["agent_id", "generation", "action", "created_by"])
    .expression((eb) =>
      eb
        .selectFrom("agents")
        .select(["id", "generation", json(action).as("action"), eb.val(actor).as("created_by")])
        .where("id", "=", agentId)
        .where("credential_hash", "is not", null),
    )
    .returning(["id", "generation", "action"])
    .executeTakeFirst();
}

function checkedAction(directive: Directive | undefined): DirectiveAction {
  switch (directive?.action.case) {
    case "drain":
      return { kind: "drain" };
    case "shutDown": {
      const rule = { max: REASON_MAX, expected: `at most ${REASON_MAX} characters` };
      const { reason } = directive.action.value;
      return { kind: "shut_down", reason: requireText("directive.shut_down.reason", reason, rule) };
    }
    default:
      throw invalidField("directive.action", "absent", "drain or shut_down");
  }
}

/** A stored directive as the contract has it. */
function directiveMessage(row: { id: string; generation: string; action: DirectiveAction }): DirectiveMessage {
  return { id: row.id, generation: row.generation, action: actionMessage(row.action) };
}

function actionMessage(action: DirectiveAction): NonNullable<DirectiveMessage["action"]> {
  switch (action.kind) {
    case "drain":
      return { case: "drain", value: {} };
    case "shut_down":
      return { case: "shutDown", value: { reason: action.reason } };
    case "cancel_stage": {
      const { workflowId, epoch, stage: step, try: tryNumber, by: canceledBy } = action;
      return { case: "cancelStage", value: { stepRun: { workflowId, epoch, step, try: tryNumber }, canceledBy } };
    }
    case "power_off":
      return { case: "powerOff", value: { workflowId: action.workflowId, reason: action.reason } };
  }
  return action satisfies never;
}

/** What these processes have not acknowledged yet, oldest first, by agent, in one statement. */
export async function pendingDirectives(
  db: Db,
  processes: readonly Process[],
): Promise<Map<string, DirectiveMessage[]>> {
  const pending = new Map<string, DirectiveMessage[]>();
  if (processes.length === 0) return pending;
  const { rows } = await sql<{ id: string; agent_id: string; generation: string; action: DirectiveAction }>`
    select d.id, d.agent_id, d.generation, d.action
    from unnest(${processes.map(({ agentId }) => agentId)}::uuid[],
      ${processes.map(({ generation }) => generation)}::bigint[]) as reader (agent_id, generation)
    join directives d on d.agent_id = reader.agent_id and d.generation = reader.generation
    where d.acknowledged_at is null
    order by d.id`.execute(db);
  for (const row of rows) pending.set(row.agent_id, [...(pending.get(row.agent_id) ?? []), directiveMessage(row)]);
  return pending;
}

/** The ids of directives that an agent says it is done with. Throws INVALID_ARGUMENT naming the field. */
export function checkedAcks(ids: readonly string[]): string[] {
  if (ids.length > ACKS_MAX) throw invalidField("acked_directives", `${ids.length} entries`, `at most ${ACKS_MAX}`);
  return ids.map((id) => requireId("acked_directives", id));
}

/**
 * Notes what processes are done with, in one statement. Idempotent. A directive of another agent, or of a newer process,
 * is left alone.
 */
export async function acknowledge(db: Db, acks: readonly Acknowledgement[]): Promise<void> {
  if (acks.length === 0) return;
  await sql`
    with done as (
      select d.id, ack.refused
      from unnest(${acks.map(({ agentId }) => agentId)}::uuid[], ${acks.map(({ generation }) => generation)}::bigint[],
        ${acks.map(({ id }) => id)}::bigint[], ${acks.map(({ refused }) => refused)}::text[])
        as ack (agent_id, generation, id, refused)
      join directives d on d.id = ack.id and d.agent_id = ack.agent_id and d.generation <= ack.generation
      where d.acknowledged_at is null
      order by d.id for update of d
    )
    update directives d set acknowledged_at = now(), refused = done.refused from done where d.id = done.id`.execute(db);
}

/** Drops what was meant for an agent's earlier processes: nobody is left to carry it out. */
export async function supersedeDirectives(db: Db, agentId: string, generation: string): Promise<void> {
  await db
    .updateTable("directives")
    .set({ acknowledged_at: sql<Date>`now()`, refused: "superseded by a newer process" })
    .where("agent_id", "=", agentId)
    .where("acknowledged_at", "is", null)
    .where("generation", "<", generation)
    .execute();
}
