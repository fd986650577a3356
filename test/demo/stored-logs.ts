import type { LogStream, StepRun } from "@groundcrew/proto";
import type { Operator } from "../../apps/cli/src/session.ts";

/** The log of one step run as the server has it. */
export interface StoredLog {
  stepRun: StepRun;
  workflow: string;
  /** All lines, in the order of their numbers. */
  lines: { text: string; stream: LogStream }[];
  /** How it is not what it should be: a line lost, missing or out of order, or a count that differs. */
  faults: string[];
}

/** Reads the logs of a workflow's step runs back, every line of them. */
export async function readStoredLogs(
  operator: Operator,
  workflow: { id: string; name: string; stepRuns: StepRun[] },
  signal: AbortSignal,
): Promise<StoredLog[]> {
  const empty = (stepRun: StepRun): StoredLog => ({ stepRun, workflow: workflow.name, lines: [], faults: [] });
  const logs = new Map(workflow.stepRuns.map((stepRun) => [stepRun.id, empty(stepRun)]));
  for await (const part of operator.tailLogs({ workflowId: workflow.id }, { signal })) {
    const log = logs.get(part.stepRunId);
    if (!log) throw new Error(`the server sent lines of a step run it does not list, ${part.stepRunId}`);
    if (part.lostBefore > 0) log.faults.push(`${part.lostBefore} lost before line ${part.firstLine}`);
    if (part.firstLine !== log.lines.length) log.faults.push(`line ${part.firstLine} follows ${log.lines.length - 1}`);
    for (const { text, stream } of part.entries) log.lines.push({ text: Buffer.from(text).toString(), stream });
  }
  for (const log of logs.values()) {
    const { lineCount } = log.stepRun;
    if (lineCount !== log.lines.length) log.faults.push(`${log.lines.length} of ${lineCount} lines`);
  }
  return [...logs.values()];
}
