import { toJson } from "@bufbuild/protobuf";
import { TestResultsSchema, type TestResults } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import { json } from "../db/json.ts";
import type { StepRunName } from "../workflows/step-run.ts";
import { checkedTestResults } from "./checked.ts";

/** Stores the test results of a step run that is known to be the caller's. The last report counts. */
export async function recordTestResults(db: Db, name: StepRunName, given: TestResults): Promise<void> {
  const results = checkedTestResults(given);
  const { tests, failures, errors, skipped, durationMs } = results;
  await sql`
    insert into test_results (step_run_id, tests, failures, errors, skipped, duration_ms, details)
    select id, ${tests}, ${failures}, ${errors}, ${skipped}, ${durationMs}, ${json(toJson(TestResultsSchema, results))}
    from step_runs
    where workflow_id = ${name.workflowId} and epoch = ${name.epoch} and step = ${name.step} and try = ${name.try}
    on conflict (step_run_id) do update set
      tests = excluded.tests, failures = excluded.failures, errors = excluded.errors, skipped = excluded.skipped,
      duration_ms = excluded.duration_ms, details = excluded.details`.execute(db);
}
