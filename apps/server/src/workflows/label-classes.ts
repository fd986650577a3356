import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { Wanted } from "../queue/eligibility.ts";

/** The ids of label classes, in the order given; those that are new are made. */
export async function labelClassIds(tx: Tx, classes: readonly Wanted[]): Promise<number[]> {
  const known = await find(tx, classes);
  if (known.length === classes.length) return known;
  await insert(tx, classes);
  return find(tx, classes);
}

// Pinned or not is asked apart: "is not distinct from" would use only the part of the index before it.
async function find(tx: Tx, classes: readonly Wanted[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    with wanted as materialized (select * from ${records(classes)})
    select c.id, w.n from wanted w
    join label_classes c on (c.kind, c.labels, c.owner, c.repository, c.trusted)
        = (w.kind, w.labels, w.owner, w.repository, w.trusted) and c.machine_id is null
    where w.machine_id is null
    union all
    select c.id, w.n from wanted w
    join label_classes c on (c.kind, c.labels, c.owner, c.repository, c.trusted)
        = (w.kind, w.labels, w.owner, w.repository, w.trusted) and c.machine_id = w.machine_id
    order by n`.execute(tx);
  return rows.map(({ id }) => id);
}

// One maker at a time, to the end of its transaction: ids become visible in their order, which is what readers of new
// classes go by, and two submissions never wait for each other's rows.
async function insert(tx: Tx, classes: readonly Wanted[]): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('groundcrew label classes'))`.execute(tx);
  await sql`
    insert into label_classes (kind, labels, machine_id, owner, repository, trusted)
    select distinct kind, labels, machine_id, owner, repository, trusted from ${records(classes)}
    on conflict do nothing`.execute(tx);
}

function records(classes: readonly Wanted[]) {
  const rows = classes.map(({ machineId, ...rest }, n) => ({ ...rest, n, machine_id: machineId }));
  return sql`jsonb_to_recordset(${json(rows)}) as w (
    n integer, kind text, labels jsonb, machine_id uuid, owner text, repository text, trusted boolean)`;
}
