import type { StepLines } from "@groundcrew/proto";
import { LinesMissingSchema } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { Tx } from "../context.ts";
import { declareLost } from "../logs/append.ts";
import type { LeaseName } from "./stale.ts";
import { keyOf, lockStepRun, type StepRunName, type StepRuns } from "./step-run.ts";

/**
 * Whether all lines that an agent counted are stored: the error to answer while some are missing. Those that it declares
 * lost are stored as a visible gap. Throws INVALID_ARGUMENT for a step that the workflow does not have.
 */
export async function checkLines(
  tx: Tx,
  known: StepRuns,
  lease: LeaseName,
  lines: readonly StepLines[],
): Promise<ConnectError | undefined> {
  for (const { step, try: tryNumber, lineCount, restLost } of lines) {
    const name = { workflowId: lease.workflowId, epoch: lease.epoch, step, try: tryNumber };
    const stepRun = known.get(keyOf(name)) ?? (await lockStepRun(tx, name));
    const stored = Number(stepRun.next_line);
    if (stored >= lineCount) continue;
    if (!restLost) return linesMissing(name, stored, lineCount);
    await declareLost(tx, stepRun.id, stored, lineCount);
  }
  return undefined;
}

function linesMissing(stepRun: StepRunName, nextLine: number, lineCount: number): ConnectError {
  const message = `step ${stepRun.step} wrote ${lineCount} lines, of which ${nextLine} have arrived; send the rest first`;
  return new ConnectError(message, Code.FailedPrecondition, undefined, [
    { desc: LinesMissingSchema, value: { stepRun, nextLine, lineCount } },
  ]);
}
