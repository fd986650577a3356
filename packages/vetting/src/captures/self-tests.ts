import type { Measurement } from "../ocp/run.ts";
import { metric } from "./capture.ts";

/** How a drive's self-test ended. Stopped: by a command, a reset, or for a reason that says nothing of the drive. */
export type SelfTestOutcome = "passed" | "failed" | "stopped";

/** Results of NVMe's "Device Self-test Log": 0 passed; 5 to 7 failed; the others were stopped. 15 is an unused entry. */
export function nvmeOutcome(result: number): SelfTestOutcome | undefined {
  if (result === 15) return undefined;
  if (result === 0) return "passed";
  return result >= 5 && result <= 7 ? "failed" : "stopped";
}

/** Results by SPC-4, table "SELF-TEST RESULTS field": 0 passed; 3 to 7 failed; 15 runs; the others were stopped. */
export function scsiOutcome(result: number): SelfTestOutcome | undefined {
  if (result === 15) return undefined;
  if (result === 0) return "passed";
  return result >= 3 && result <= 7 ? "failed" : "stopped";
}

/** The upper half of ATA's self-test execution status: 0 passed; 1 and 2 stopped; 3 to 8 failed; 15 runs. */
export function ataOutcome(status: number): SelfTestOutcome | undefined {
  const code = status >> 4;
  if (code === 0) return "passed";
  if (code >= 3 && code <= 8) return "failed";
  return code === 15 ? undefined : "stopped";
}

/** Whether each self-test that ran to an end failed, in the order of `outcomes`. */
export function endedTests(outcomes: readonly (SelfTestOutcome | undefined)[]): boolean[] {
  return outcomes
    .filter((outcome) => outcome === "passed" || outcome === "failed")
    .map((outcome) => outcome === "failed");
}

/**
 * What a drive's log of self-tests says: whether the newest one that ran to an end failed, and how many did.
 * `failed`: one for each that ran to an end, the newest first; undefined when the drive keeps no log.
 */
export function selfTestMetrics(failed: readonly boolean[] | undefined): Measurement[] {
  if (failed === undefined) return [];
  const [newest] = failed;
  return [
    ...metric("smart.newest_self_test_failed", newest === undefined ? undefined : Number(newest)),
    ...metric("smart.failed_self_tests", failed.filter((each) => each).length),
  ];
}
