import { overallVerdict, type RunState } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import type { End } from "../workflows/transitions.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { readVettingRun } from "./run-row.ts";

/** How a vetting run ends, but for who says so. */
export type RunEnd = Omit<End, "actor">;

/**
 * How a vetting run whose agent says that it is done has ended: by its verdicts, whatever the agent claims. One that is
 * not at its end ran out of time, or could not be judged.
 */
export async function finalStateOf(tx: Tx, row: WorkflowRow): Promise<RunEnd> {
  const { run } = await readVettingRun(tx, row.id);
  const end = endOf(run);
  if (end) return end;
  if (await isOverdue(tx, row)) {
    return { state: "timed_out", reason: "workflow_timeout", error: `it ran past its timeout at stage ${run.at}` };
  }
  const error = `the agent ended the run at stage ${run.at}, before that was judged; the agent's log may say why`;
  return { state: "failed", reason: "vetting_error", error };
}

/** How a run at its end ended. Undefined: it is not at its end. */
export function endOf(run: RunState): RunEnd | undefined {
  switch (run.at) {
    case "passed":
      return { state: "succeeded", reason: "completed" };
    case "failed":
      return failure(run);
    default:
      return undefined;
  }
}

function failure(run: RunState): RunEnd {
  const measured = overallVerdict(run) === "fail";
  const [rejected] = (run.acts ?? []).flatMap((act) => (act.kind === "reject" ? act : []));
  if (rejected) return { state: "failed", reason: "vetting_failed", error: rejectedBy(rejected) };
  const verdicts = measured ? ["fail"] : ["error", "timed_out", "canceled"];
  const stages = run.results.filter((result) => verdicts.includes(result.verdict)).map((result) => result.stage);
  const error = measured ? `fell short in ${stages.join(", ")}` : `could not be judged in ${stages.join(", ")}`;
  return { state: "failed", reason: measured ? "vetting_failed" : "vetting_error", error };
}

function rejectedBy({ by, reason }: { by: string; reason: string }): string {
  return `rejected by ${by}${reason === "" ? "" : `: ${reason}`}`;
}

async function isOverdue(tx: Tx, { deadline }: WorkflowRow): Promise<boolean> {
  const { rows } = await sql<{ overdue: boolean }>`select now() >= ${deadline} as overdue`.execute(tx);
  return rows[0]?.overdue === true;
}
