import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { PauseScopeName } from "../db/schema.ts";
import type { ClassRow } from "./classes.ts";
import type { Lane } from "./lanes.ts";

/** What the database says about the queue. */
export interface Sight {
  /** The lanes that have work, each with its first workflow. */
  lanes: Lane[];
  pauses: { scope: PauseScopeName; target: string }[];
  /** The classes that were not known, in the order of their ids. */
  classes: ClassRow[];
}

/**
 * Reads, in one statement, which lanes have work, what is paused, and the classes after `newestClass`. The walk goes
 * from lane to lane by the index (a loose scan): its cost is that of the lanes with work, however many rows they have.
 * In the lanes of `passed` it begins at their places and jumps over what lies before, which may be very many dead
 * entries; with none it looks from every head.
 */
export async function look(db: Db, newestClass: number, passed: readonly Lane[]): Promise<Sight> {
  const { rows } = await sql<Sight>`
    with recursive passed as materialized (
      select * from unnest(
        ${passed.map(({ classId }) => classId)}::integer[], ${passed.map(({ priority }) => priority)}::integer[],
        ${passed.map(({ fairKey }) => fairKey)}::bigint[], ${passed.map(({ id }) => id)}::bigint[]
      ) as p (class_id, priority, fair_key, id)
    ), walk (class_id, priority) as (
      select 0, 0
      union all
      select next.class_id, next.priority from walk
      left join lateral (
        select p.class_id, p.priority from passed p
        where p.class_id > walk.class_id or (p.class_id = walk.class_id and p.priority < walk.priority)
        order by p.class_id, p.priority desc limit 1
      ) stop on true
      cross join lateral (
        (
          select w.class_id, w.priority from workflows w
          where w.state = 'queued' and w.class_id = walk.class_id and w.priority < walk.priority
            and w.priority > case when stop.class_id = walk.class_id then stop.priority else ${LOWEST}::integer end
          order by w.priority desc limit 1
        ) union all (
          select w.class_id, w.priority from workflows w
          where w.state = 'queued' and w.class_id > walk.class_id
            and w.class_id < coalesce(stop.class_id, ${HIGHEST}::integer)
          order by w.class_id, w.priority desc limit 1
        ) union all (
          select w.class_id, w.priority from workflows w
          where w.state = 'queued' and w.priority > stop.priority
            and w.class_id = case when stop.class_id > walk.class_id then stop.class_id end
          order by w.priority desc limit 1
        ) union all (
          select stop.class_id, stop.priority where stop.class_id is not null
        )
        order by class_id, priority desc limit 1
      ) next
    ), heads as (
      select walk.class_id as "classId", walk.priority, head.fair_key::text as "fairKey", head.id::text
      from walk
      left join passed p using (class_id, priority)
      cross join lateral (
        select w.fair_key, w.id from workflows w
        where w.state = 'queued' and w.class_id = walk.class_id and w.priority = walk.priority
          and (w.fair_key, w.id) >= (coalesce(p.fair_key, 0), coalesce(p.id, 0))
        order by w.fair_key, w.id limit 1
      ) head
    )
    select
      coalesce((select json_agg(heads) from heads), '[]') as lanes,
      coalesce((select json_agg(json_build_object('scope', scope, 'target', target)) from pauses), '[]') as pauses,
      coalesce((select json_agg(c order by id) from label_classes c where id > ${newestClass}), '[]') as classes
  `.execute(db);
  return rows[0] ?? { lanes: [], pauses: [], classes: [] };
}

/** The bounds of an integer column. */
const [LOWEST, HIGHEST] = [-(2 ** 31), 2 ** 31 - 1];
