import { notFound } from "@groundcrew/rpc";
import { sql, type Selectable } from "kysely";
import type { Db } from "../context.ts";
import type { BlockReasonName, Database, EndReasonName, WorkflowStateName } from "../db/schema.ts";
import type { Wanted } from "../queue/eligibility.ts";

/** A label class, as it is stored. */
type ClassColumns = Pick<
  Selectable<Database["label_classes"]>,
  "kind" | "labels" | "machine_id" | "owner" | "repository" | "trusted"
>;

/** The workflow that is asked about, with its label class. */
export interface Subject extends ClassColumns {
  id: string;
  state: WorkflowStateName;
  block_reason: BlockReasonName | null;
  end_reason: EndReasonName | null;
  error: string;
  agent_name: string | null;
  cancel_requested_at: Date | null;
  started_at: Date | null;
  finished_at: Date | null;
  priority: number;
  fair_key: string;
  not_before: Date | null;
  /** Whether `not_before` is still to come, by the database's clock. */
  delayed: boolean;
  retries: number;
  /** It needs an approval that nobody has given. */
  unapproved: boolean;
  concurrency_group: string | null;
  concurrency_limit: number | null;
  /** The hostname of the machine it is pinned to. */
  hostname: string | null;
}

/** Reads a workflow. Throws NOT_FOUND. */
export async function readSubject(db: Db, id: string): Promise<Subject> {
  const row = await db
    .selectFrom("workflows as w")
    .innerJoin("label_classes as c", "c.id", "w.class_id")
    .leftJoin("machines as m", "m.id", "c.machine_id")
    .select([
      "w.id",
      "w.state",
      "w.block_reason",
      "w.end_reason",
      "w.error",
      "w.agent_name",
      "w.cancel_requested_at",
      "w.started_at",
      "w.finished_at",
      "w.priority",
      "w.fair_key",
      "w.not_before",
      "w.retries",
      "w.concurrency_group",
      "w.concurrency_limit",
      "c.kind",
      "c.labels",
      "c.machine_id",
      "m.hostname",
      "c.owner",
      "c.repository",
      "c.trusted",
      sql<boolean>`coalesce(w.not_before > now(), false)`.as("delayed"),
      sql<boolean>`w.needs_approval and w.approved_at is null`.as("unapproved"),
    ])
    .where("w.id", "=", id)
    .executeTakeFirst();
  if (!row) throw notFound("workflow", id);
  return row;
}

/** What a label class asks of an agent, as the matcher's rule takes it. */
export function wantedOf({ kind, labels, machine_id, owner, repository, trusted }: ClassColumns): Wanted {
  return { kind, labels, machineId: machine_id, owner, repository, trusted };
}
