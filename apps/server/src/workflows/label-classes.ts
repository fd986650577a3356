import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { WorkKindName } from "../db/schema.ts";

/** Who may lease a workflow. */
interface LabelClass {
  kind: WorkKindName;
  labels: Record<string, string>;
  /** The only machine it may run on; null: any. */
  machineId: string | null;
}

/** The ids of label classes, in the order given; those that are new are made. */
export async function labelClassIds(tx: Tx, classes: readonly LabelClass[]): Promise<number[]> {
  const known = await find(tx, classes);
  if (known.length === classes.length) return known;
  await insert(tx, classes);
  return find(tx, classes);
}

async function find(tx: Tx, classes: readonly LabelClass[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select c.id from ${wanted(classes)}
    join label_classes c on c.kind = w.kind and c.labels = w.labels and c.machine_id is not distinct from w.machine_id
    order by w.n`.execute(tx);
  return rows.map(({ id }) => id);
}

// One maker at a time, to the end of its transaction: ids become visible in their order, which is what readers of new
// classes go by, and two submissions never wait for each other's rows.
async function insert(tx: Tx, classes: readonly LabelClass[]): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('groundcrew label classes'))`.execute(tx);
  await sql`
    insert into label_classes (kind, labels, machine_id)
    select distinct w.kind, w.labels, w.machine_id from ${wanted(classes)}
    where not exists (
      select from label_classes c
      where c.kind = w.kind and c.labels = w.labels and c.machine_id is not distinct from w.machine_id
    )
    on conflict do nothing`.execute(tx);
}

function wanted(classes: readonly LabelClass[]) {
  const rows = classes.map(({ kind, labels, machineId }, n) => ({ n, kind, labels, machine_id: machineId }));
  return sql`jsonb_to_recordset(${json(rows)}) as w (n integer, kind text, labels jsonb, machine_id uuid)`;
}
