import { positionOf, STAGES, type BaselinePosition, type Figure, type StageName } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { Db } from "../context.ts";

/** How many machines are compared with, those vetted last. */
const MACHINES_MAX = 1_000;

/** Where the figures of a run lie among those of machines alike, the newest run of each; in the order of the stages. */
export async function baselineOfRun(db: Db, workflowId: string): Promise<BaselinePosition[]> {
  const { rows } = await sql<Figure & { others: number[] }>`
    with own as (select workflow_id, machine_id, cohort from vetting_runs where workflow_id = ${workflowId}),
    newest as (
      select distinct on (v.machine_id) v.machine_id, v.workflow_id from own
      join vetting_runs v on v.cohort = own.cohort and v.machine_id <> own.machine_id
      join workflows w on w.id = v.workflow_id and w.state in ('succeeded', 'failed')
      where own.cohort <> '' order by v.machine_id, v.workflow_id desc
    ),
    alike as (select workflow_id from newest order by workflow_id desc limit ${MACHINES_MAX})
    select f.stage, f.metric, f.unit, f.value, array(
      select o.value from alike join vetting_figures o
        on o.workflow_id = alike.workflow_id and o.stage = f.stage and o.metric = f.metric and o.unit = f.unit
    ) as others
    from vetting_figures f where f.workflow_id = ${workflowId}
    order by f.stage, f.metric`.execute(db);
  const order: readonly StageName[] = STAGES.map(({ name }) => name);
  return rows
    .toSorted((a, b) => order.indexOf(a.stage) - order.indexOf(b.stage))
    .map(({ others, ...figure }) => positionOf(figure, others));
}
