import type { Measurement } from "../ocp/run.ts";
import { metric } from "./capture.ts";

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
