import { judgeStage, type StageEvidence, type StageProfile, type StageResult } from "@groundcrew/vetting";
import { findBlob, type BlobRow } from "../blobs/blob-row.ts";
import type { ServerContext, Tx } from "../context.ts";
import type { StepRunRow } from "../workflows/step-run.ts";

/** The file in which an agent stores what a stage wrote on its evidence channel. */
export const OCP_FILE = "ocp.jsonl";

/** The largest record that is judged, in bytes: what an agent keeps of one. */
const OCP_MAX_BYTES = 64 * 1024 * 1024;

/** What a step run says of itself that a verdict may need. */
export type StageEnd = Pick<StepRunRow, "id" | "state" | "exit_code" | "signal" | "error">;

/** Judges a stage that ran, from the record that its step run stored. A record that is not there is an error. */
export async function judge(
  tx: Tx,
  context: ServerContext,
  profile: StageProfile,
  stepRun: StageEnd,
  outcome: StageEvidence["outcome"],
): Promise<StageResult> {
  const { exit_code: exitCode, signal, error } = stepRun;
  const { ocp, fault } = await readOcpOf(tx, context, stepRun.id);
  const result = judgeStage(profile, {
    outcome,
    ...(exitCode !== null && { exitCode }),
    ...(signal !== "" && { signal }),
    ...(error !== "" && { error }),
    ocp,
  });
  return fault === undefined || outcome !== "completed" ? result : { ...result, reasons: [fault, ...result.reasons] };
}

/** What a step run wrote on its evidence channel: empty, with the reason, when that cannot be read. */
export async function readOcpOf(
  tx: Tx,
  { blobs }: ServerContext,
  stepRunId: string,
): Promise<{ ocp: string; fault?: string }> {
  const blob = await findBlob(tx, stepRunId, OCP_FILE);
  if (!blob) return { ocp: "", fault: `evidence: the agent stored no ${OCP_FILE}` };
  if (Number(blob.size) > OCP_MAX_BYTES) {
    return { ocp: "", fault: `evidence: ${OCP_FILE} has ${blob.size} bytes; at most ${OCP_MAX_BYTES} are judged` };
  }
  return { ocp: await textOf(blobs, blob) };
}

async function textOf(blobs: ServerContext["blobs"], { sha256 }: BlobRow): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of blobs.read(sha256)) text += decoder.decode(part, { stream: true });
  return text + decoder.decode();
}

/**
 * How a stage's process ended, from the state its agent reports. Undefined: there is nothing to judge, because it still
 * runs, or was stopped for a reason that is not the stage's, such as an agent that drains; the stage runs again then.
 */
export function outcomeOf(
  { state, exit_code, signal }: StageEnd,
  cancelRequested: boolean,
): StageEvidence["outcome"] | undefined {
  switch (state) {
    case "succeeded":
      return "completed";
    case "failed":
      // A process that ran has left evidence, and only that decides.
      return exit_code === null && signal === "" ? "not_started" : "completed";
    case "timed_out":
      return "timed_out";
    case "canceled":
      return cancelRequested ? "canceled" : undefined;
    case "skipped":
      return "not_started";
    case "pending":
    case "running":
    case "lost":
      return undefined;
    default:
      return state satisfies never;
  }
}
