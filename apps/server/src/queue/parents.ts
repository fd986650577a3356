import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ParentResultSchema } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { WorkflowStateName } from "../db/schema.ts";
import { workflowStateOf } from "../names.ts";
import type { GrantRow } from "./lease.ts";

/** How a workflow ended that another one depends on, as its grant tells. */
export type ParentRow = MessageInitShape<typeof ParentResultSchema>;

interface Link {
  child_id: string;
  name: string;
  state: WorkflowStateName;
  outputs: Record<string, string> | null;
}

/** The parents of granted workflows by the id of the child. Asks the database only where there are any. */
export async function readParents(db: Db, grants: readonly GrantRow[]): Promise<Map<string, ParentRow[]>> {
  const children = grants.filter(({ depends_on }) => depends_on.length > 0).map(({ id }) => id);
  if (children.length === 0) return new Map();
  const { rows } = await sql<Link>`
    select p.child_id, w.name, w.state, w.outputs
    from workflow_parents p join workflows w on w.id = p.parent_id
    where p.child_id = any (${children}::bigint[]) order by w.id`.execute(db);
  const byChild = Map.groupBy(rows, ({ child_id }) => child_id);
  return new Map(Array.from(byChild, ([id, links]) => [id, parentsOf(links)]));
}

/** One for each key of the file: the cells of a matrix are told as one. */
function parentsOf(links: readonly Link[]): ParentRow[] {
  const byKey = Map.groupBy(links, ({ name }) => keyOf(name));
  return Array.from(byKey, ([name, cells]) => ({
    name,
    state: workflowStateOf(stateOf(cells)),
    outputs: Object.assign({}, ...cells.map(({ outputs }) => outputs ?? {})) as Record<string, string>,
  }));
}

// A key has no parenthesis; a matrix appends its values in them.
function keyOf(name: string): string {
  return name.split(" (", 1)[0] ?? name;
}

/** The first of these that a cell ended in; all succeeded where none did. */
const WORST_FIRST: readonly WorkflowStateName[] = ["failed", "timed_out", "lost", "canceled", "skipped"];

function stateOf(cells: readonly Link[]): WorkflowStateName {
  return WORST_FIRST.find((state) => cells.some((cell) => cell.state === state)) ?? "succeeded";
}
