import { hostname } from "node:os";
import type { Absence, Capture, DutInfo, Measurement, OcpWriter } from "@groundcrew/vetting";
import type { Notebook } from "./inventory/notebook.ts";

/** The machine as far as a stage that is not the inventory tells of it. */
export function thisMachine(): DutInfo {
  return { dutInfoId: hostname(), name: hostname() };
}

/** Writes what was measured on the record. */
export function recordMeasurements(ocp: OcpWriter, measurements: readonly Measurement[]): void {
  for (const { name, value, unit, part } of measurements) {
    ocp.measurement(name, value, unit === "" ? undefined : unit, part);
  }
}

/** Writes what a tool's output says on the record; what cannot be read of it is an error of the stage. */
export function recordCapture(ocp: OcpWriter, { measurements, problems }: Capture): void {
  recordMeasurements(ocp, measurements);
  for (const problem of problems) ocp.error("tool-output", problem);
}

/** Writes the files that were kept and what was not there. */
export function recordNotes(ocp: OcpWriter, { files, absences }: Notebook): void {
  for (const { name, contentType } of files) ocp.file(name, contentType);
  for (const absence of absences) ocp.absent(absence);
}

/** Says that the machine has nothing of the kind that a stage measures. */
export function nothingThere(stage: string, what: string, why: string): Absence {
  return { what, why, metrics: [stage] };
}
