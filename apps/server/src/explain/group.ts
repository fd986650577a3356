import { sql } from "kysely";
import type { Db } from "../context.ts";
import { LISTED_MAX, type Reason } from "./reason.ts";
import type { Subject } from "./subject.ts";
import { listed } from "./words.ts";

interface Standing {
  /** Workflows of the group that go before this one, among those that wait for a place. */
  before: number;
  /** Those that have a place: they run, or may run now. */
  holders: string[];
  holder_count: number;
}

/** Its full concurrency group, and where it stands in it. */
export async function groupReason(db: Db, subject: Subject): Promise<Reason> {
  // Stored behind its repository, whose pipelines share it.
  const group = subject.concurrency_group?.split("\n").at(-1) ?? "";
  const limit = subject.concurrency_limit ?? 0;
  const { before, holders, holder_count: count } = await readStanding(db, subject);
  const position = before + 1;
  const places = `${count} of ${limit} are taken (${listed(holders, count)})`;
  return {
    text: `it waits for a place in group ${group}: ${places}, and it is number ${position} of those that wait`,
    reason: { case: "group", value: { group, limit, position, holderIds: holders } },
  };
}

async function readStanding(db: Db, subject: Subject): Promise<Standing> {
  const { concurrency_group: group, priority, fair_key, id } = subject;
  const { rows } = await sql<Standing>`
    with held as (
      select id from workflows
      where concurrency_group = ${group} and state in ('queued', 'leased', 'running')
    )
    select
      array(select id from held order by id limit ${LISTED_MAX}) as holders,
      (select count(*)::integer from held) as holder_count,
      (select count(*)::integer from workflows
        where concurrency_group = ${group} and state = 'blocked' and block_reason = 'limit'
          and (-priority, fair_key, id) < (${-priority}::integer, ${fair_key}::bigint, ${id}::bigint)) as before`.execute(
    db,
  );
  return rows[0] ?? { before: 0, holders: [], holder_count: 0 };
}
