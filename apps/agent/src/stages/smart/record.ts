import type { Capture, OcpWriter } from "@groundcrew/vetting";
import { type Drive, type DriveReading, isJudged } from "./drive.ts";
import { recordGrowth } from "./growth.ts";
import type { SelfTestResult } from "./self-test.ts";

/** Writes all that one drive told, and by how much it grew since `before`. */
export function recordReading(ocp: OcpWriter, { drive, capture }: DriveReading, before?: Capture): void {
  for (const { name, value, unit } of capture.measurements) {
    ocp.measurement(name, value, unit === "" ? undefined : unit, drive.name);
  }
  for (const problem of capture.problems) ocp.absent({ what: drive.name, why: problem, metrics: [] });
  if (before !== undefined) recordGrowth(ocp, drive, before, capture);
}

/** Writes what one drive's self-tests came to. */
export function recordSelfTests(ocp: OcpWriter, { name }: Drive, result: SelfTestResult): void {
  const metrics = ["smart.self_test_failures", "smart.self_tests_completed_share"];
  for (const { test, why } of result.absent) {
    ocp.absent({ what: `${test} self-test of ${name}`, why, metrics: result.asked === 0 ? metrics : [] });
  }
  for (const trouble of result.troubles) ocp.absent({ what: name, why: trouble, metrics: [] });
  if (result.asked === 0) return;
  ocp.measurement("smart.self_test_failures", result.failed, undefined, name);
  ocp.measurement("smart.self_tests_completed_share", result.completed / result.asked, undefined, name);
}

/** Writes how many drives there are, how many of them could not be judged, and how many fell silent meanwhile. */
export function recordDrives(ocp: OcpWriter, before: readonly DriveReading[], after: readonly DriveReading[]): void {
  const lost = before.filter((reading, n) => {
    const later = after[n];
    return isJudged(reading) && later !== undefined && !isJudged(later);
  });
  ocp.measurement("smart.drives", after.length);
  ocp.measurement("smart.unjudged_drives", after.filter((reading) => !isJudged(reading)).length);
  ocp.measurement("smart.lost_drives", lost.length);
  if (after.length > 0) return;
  const why = "smartctl finds no drive of this machine that it could ask";
  ocp.absent({ what: "drives", why, metrics: ["smart.health_passed", "smart.self_tests_completed_share"] });
}
