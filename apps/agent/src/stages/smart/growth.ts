import { type Capture, type OcpWriter, SMART_GROWTH } from "@groundcrew/vetting";
import { inParallel } from "../in-parallel.ts";
import type { Stage } from "../stage.ts";
import { type Drive, driveOf, type DriveReading, nameDrives, readDrive, scanDrives } from "./drive.ts";

/** Drives that are asked at once: each is a process of a few milliseconds, and some hang together behind one controller. */
export const DRIVES_AT_ONCE = 8;

/** Writes by how much each count of what went wrong grew between two readings of a drive, where it told it both times. */
export function recordGrowth(ocp: OcpWriter, { name }: Drive, before: Capture, after: Capture): void {
  const value = (capture: Capture, metric: string) =>
    Number(capture.measurements.find((measurement) => measurement.name === metric)?.value ?? Number.NaN);
  const grown = SMART_GROWTH.map((metric) => ({ metric, by: value(after, metric) - value(before, metric) }));
  const known = grown.filter(({ by }) => Number.isFinite(by));
  if (known.length === 0) return;
  for (const { metric, by } of known) {
    const growth = metric.replace("smart.", "smart.growth.");
    ocp.measurement(growth, by, undefined, name);
    if (by === 0) continue;
    ocp.measurement(`${growth}.before`, value(before, metric), undefined, name);
    ocp.measurement(`${growth}.after`, value(after, metric), undefined, name);
  }
  ocp.measurement(
    "smart.grown_errors",
    known.reduce((sum, { by }) => sum + Math.max(by, 0), 0),
    undefined,
    name,
  );
}

/**
 * A stage that works on drives, with what they count of themselves compared before and after it. A machine whose
 * drives do not tell is measured without.
 */
export function withDriveGrowth(stage: Stage): Stage {
  return async (context) => {
    const { ocp, signal, say } = context;
    const before = await readAll("before", signal);
    const end = await stage(context);
    if ("why" in before) {
      ocp.absent({ what: "what drives count of themselves", why: before.why, metrics: ["smart.grown_errors"] });
      return end;
    }
    say("reading again what the drives count of themselves");
    for (const { drive, capture, fileName } of before) {
      const after = await readDrive(drive, "after", signal);
      for (const name of [fileName, after.fileName]) ocp.file(name, "application/json");
      recordGrowth(ocp, drive, capture, after.capture);
    }
    return end;
  };
}

async function readAll(when: string, signal: AbortSignal): Promise<DriveReading[] | { why: string }> {
  const scan = await scanDrives(signal);
  if ("why" in scan) return scan;
  if (scan.drives.length === 0) return { why: "smartctl finds no drive" };
  const readings = await inParallel(scan.drives.map(driveOf), DRIVES_AT_ONCE, (drive) =>
    readDrive(drive, when, signal),
  );
  nameDrives(readings);
  return readings;
}
