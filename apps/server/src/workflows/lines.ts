import type { StepLines } from "@groundcrew/proto";
import { LinesMissingSchema } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { Tx } from "../context.ts";
import { declareLost } from "../logs/append.ts";
import type { LeaseName } from "./stale.ts";
import { keyOf, lockStepRun, type StepRunName, type StepRunRow, type StepRuns } from "./step-run.ts";

/**
 * Whether all lines that an agent counted are stored: the error to answer while some are missing. Those that it declares
 * lost are stored as a visible gap; a checksum that differs is noted at the step run. Throws INVALID_ARGUMENT for a step that the workflow does not have.
 */
export async function checkLines(
  tx: Tx,
  known: StepRuns,
  lease: LeaseName,
  lines: readonly StepLines[],
): Promise<ConnectError | undefined> {
  for (const { step, try: tryNumber, lineCount, restLost, crc32 } of lines) {
    const name = { workflowId: lease.workflowId, epoch: lease.epoch, step, try: tryNumber };
    const stepRun = known.get(keyOf(name)) ?? (await lockStepRun(tx, name));
    const stored = Number(stepRun.next_line);
    if (stored < lineCount && !restLost) return linesMissing(name, stored, lineCount);
    if (stored < lineCount) await declareLost(tx, stepRun, lineCount);
    else if (crc32 !== undefined && crc32 !== Number(stepRun.log_crc32)) await noteDifference(tx, stepRun);
  }
  return undefined;
}

/** Sending it again would change nothing: what is stored stays, and people are told. */
async function noteDifference(tx: Tx, { id }: StepRunRow): Promise<void> {
  await tx
    .updateTable("step_runs")
    .set({ error: "the stored log is not what the agent wrote: its checksum differs" })
    .where("id", "=", id)
    .where("error", "=", "")
    .execute();
}

function linesMissing(stepRun: StepRunName, nextLine: number, lineCount: number): ConnectError {
  const message = `step ${stepRun.step} wrote ${lineCount} lines, of which ${nextLine} have arrived; send the rest first`;
  return new ConnectError(message, Code.FailedPrecondition, undefined, [
    { desc: LinesMissingSchema, value: { stepRun, nextLine, lineCount } },
  ]);
}
