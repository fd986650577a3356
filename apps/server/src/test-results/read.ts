import { create, fromJson, type JsonObject } from "@bufbuild/protobuf";
import {
  StepTestResultsSchema,
  TestCountsSchema,
  TestResultsSchema,
  type StepTestResults,
  type TestCounts,
} from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db } from "../context.ts";

/** The step runs that count: of the newest epoch, each step's last try. */
const LAST_TRIES = sql`
  select distinct on (s.step) s.id, s.workflow_id, s.epoch, s.step, s.try
  from workflows w join step_runs s on s.workflow_id = w.id and s.epoch = w.epoch
  join test_results t on t.step_run_id = s.id`;

interface CountsRow {
  suites: number;
  tests: string;
  failures: string;
  errors: string;
  skipped: string;
  duration_ms: string;
}

/** The tests of a workflow. Undefined: none of its steps names JUnit files. */
export async function readTestCounts(db: Db, workflowId: string): Promise<TestCounts | undefined> {
  const { rows } = await sql<CountsRow>`
    with last as (${LAST_TRIES} where w.id = ${workflowId} order by s.step, s.try desc)
    select count(*)::integer as suites, sum(tests) as tests, sum(failures) as failures, sum(errors) as errors,
      sum(skipped) as skipped, sum(duration_ms) as duration_ms
    from last join test_results t on t.step_run_id = last.id`.execute(db);
  const [row] = rows;
  if (!row || row.suites === 0) return undefined;
  return create(TestCountsSchema, {
    tests: countOf(row.tests),
    failures: countOf(row.failures),
    errors: countOf(row.errors),
    skipped: countOf(row.skipped),
    durationMs: countOf(row.duration_ms),
  });
}

function countOf(sum: string): number {
  return Math.min(Number(sum), 2 ** 32 - 1);
}

interface ResultsRow {
  workflow_id: string;
  epoch: string;
  step: string;
  try: number;
  details: JsonObject;
}

/** The test results of a workflow, step by step in the order they started. Throws NOT_FOUND for no such workflow. */
export async function readTestResults(db: Db, workflowId: string): Promise<StepTestResults[]> {
  const workflow = await db.selectFrom("workflows").select("id").where("id", "=", workflowId).executeTakeFirst();
  if (!workflow) throw notFound("workflow", workflowId);
  const { rows } = await sql<ResultsRow>`
    with last as (${LAST_TRIES} where w.id = ${workflowId} order by s.step, s.try desc)
    select last.*, t.details from last join test_results t on t.step_run_id = last.id order by last.id`.execute(db);
  return rows.map(({ workflow_id, epoch, step, try: tryNumber, details }) =>
    create(StepTestResultsSchema, {
      stepRun: { workflowId: workflow_id, epoch, step, try: tryNumber },
      results: fromJson(TestResultsSchema, details),
    }),
  );
}
