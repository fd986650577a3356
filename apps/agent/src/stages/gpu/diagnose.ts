import { type Capture, readDcgm } from "@groundcrew/vetting";
import type { Notebook } from "../inventory/notebook.ts";
import { runTool } from "../tool.ts";

/** How long each level of `dcgmi diag` may take: several times what NVIDIA says of it. */
const LIMIT_MS = [0, 2, 10, 60, 360].map((minutes) => minutes * 60_000);
const METRICS = ["gpu.diag_passed", "gpu.diag_failed", "gpu.diag_not_set_up", "gpu.diag_warned", "gpu.diag_skipped"];

/** Runs NVIDIA's own diagnostic where it is installed; undefined, and noted as absent, where it is not. */
export async function diagnose(notes: Notebook, level: number): Promise<Capture | undefined> {
  if (level === 0) {
    notes.absent("DCGM's diagnostic", "the profile asks for none (dcgm_level: 0)", METRICS);
    return undefined;
  }
  const args = ["diag", "-r", String(level), "-j"];
  const output = await runTool("dcgmi", args, notes.signal, LIMIT_MS[level]);
  if (output.stdout !== "") await notes.keep("dcgmi-diag.json", output.stdout);
  if (output.missing) {
    notes.absent("DCGM's diagnostic", output.failure ?? "dcgmi is not installed", METRICS);
    return undefined;
  }
  return readDcgm(output.stdout);
}
