import type { StepRunRef } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { WorkflowStateName } from "../db/schema.ts";

/** A workflow with the step runs whose logs were selected. */
export interface Source {
  id: string;
  name: string;
  state: WorkflowStateName;
  /** In the order in which they were first heard of. */
  stepRuns: SourceRun[];
}

/** A step run with the lines that are stored of it. */
interface SourceRun {
  id: string;
  epoch: string;
  step: string;
  try: number;
  lineCount: number;
}

/** The workflows in order, each with its step runs, in one statement: no line is stored after the end that it shows. */
export async function readSources(db: Db, workflowIds: readonly string[], step: string | null): Promise<Source[]> {
  const { rows } = await sql<Source>`
    select w.id, w.name, w.state, coalesce(s.step_runs, '[]') as "stepRuns"
    from workflows w
    left join lateral (
      select jsonb_agg(jsonb_build_object('id', id::text, 'epoch', epoch::text, 'step', step, 'try', try,
        'lineCount', next_line) order by id) as step_runs
      from step_runs where workflow_id = w.id and (${step}::text is null or step = ${step})
    ) s on true
    where w.id = any (${workflowIds}::bigint[]) order by w.id`.execute(db);
  return rows;
}

/** What lines are said to be of. */
export interface LogHeader {
  workflowName: string;
  stepRun: Pick<StepRunRef, "workflowId" | "epoch" | "step" | "try">;
}

/** What the lines of a step run are of. */
export function headerOf({ id, name }: Source, run: SourceRun): LogHeader {
  return { workflowName: name, stepRun: { workflowId: id, epoch: run.epoch, step: run.step, try: run.try } };
}
