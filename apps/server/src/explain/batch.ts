import { sql } from "kysely";
import type { Db } from "../context.ts";
import { LISTED_MAX, type Reason } from "./reason.ts";
import type { Subject } from "./subject.ts";
import { listed } from "./words.ts";

interface Standing {
  batch_id: string;
  per_rack: number | null;
  max_watts: number | null;
  stagger_ms: number;
  before: number;
  holders: string[];
  holder_count: number;
}

/** The limits of its vetting batch, and where it stands in it. */
export async function batchReason(db: Db, { id }: Subject): Promise<Reason> {
  const { rows } = await sql<Standing>`
    with own as (select batch_id, workflow_id from vetting_runs where workflow_id = ${id}), held as (
      select w.id from own join vetting_runs v using (batch_id) join workflows w on w.id = v.workflow_id
      where w.state in ('queued', 'leased', 'running')
    )
    select b.id as batch_id, b.per_rack, b.max_watts, b.stagger_ms,
      array(select id from held order by id limit ${LISTED_MAX}) as holders,
      (select count(*)::integer from held) as holder_count,
      (select count(*)::integer from vetting_runs v join workflows w on w.id = v.workflow_id
        where v.batch_id = b.id and w.id < own.workflow_id and w.state = 'blocked' and w.block_reason = 'limit') as before
    from own join vetting_batches b on b.id = own.batch_id`.execute(db);
  const [standing] = rows;
  if (!standing) throw new Error(`workflow ${id} waits for a place, and is in no group and no batch`);
  const { batch_id, holders, holder_count, before } = standing;
  const position = before + 1;
  const text =
    `it waits for a place in vetting batch ${batch_id} (${limitsText(standing)}): ` +
    `${holder_count} go on (${listed(holders, holder_count)}), and it is number ${position} of those that wait`;
  const group = `vetting batch ${batch_id}`;
  return { text, reason: { case: "group", value: { group, limit: 0, position, holderIds: holders } } };
}

function limitsText({ per_rack, max_watts, stagger_ms }: Standing): string {
  const limits = [
    per_rack === null ? "" : `${per_rack} a rack`,
    max_watts === null ? "" : `${max_watts} W`,
    stagger_ms === 0 ? "" : `one every ${stagger_ms / 1000} s`,
  ];
  return limits.filter((limit) => limit !== "").join(", ") || "no limits";
}
