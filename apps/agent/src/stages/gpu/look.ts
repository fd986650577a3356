import { type Capture, isNvidiaSmi, readNvidiaSmi } from "@groundcrew/vetting";
import type { Notebook } from "../inventory/notebook.ts";
import { runTool } from "../tool.ts";

/** nvidia-smi waits for every GPU, and starts each driver that sleeps. */
const TIMEOUT_MS = 60_000;

/** What nvidia-smi told, or why it did not. */
export type Look = { capture: Capture; why: string | undefined } | { why: string };

/** Asks nvidia-smi for everything, and keeps what it wrote. */
export async function lookAtGpus(notes: Notebook, file: string): Promise<Look> {
  const { stdout, failure } = await runTool("nvidia-smi", ["-q", "-x"], notes.signal, TIMEOUT_MS);
  if (stdout !== "") await notes.keep(file, stdout);
  if (!isNvidiaSmi(stdout)) return { why: failure ?? "nvidia-smi tells nothing" };
  const capture = readNvidiaSmi(stdout);
  return capture.measurements.length === 0
    ? { why: capture.problems[0] ?? "nvidia-smi tells of no GPU" }
    : { capture, why: failure };
}
