import type { Measurement } from "../ocp/run.ts";
import { asCount, asObject } from "../parsers/json.ts";
import { metric } from "./capture.ts";
import { endedTests, scsiOutcome, selfTestMetrics } from "./self-tests.ts";
import type { SmartDocument } from "./smart.ts";

/** smartctl shows this many of a SCSI drive's self-tests, as `scsi_self_test_0`, the newest, and on. */
const SELF_TESTS = 20;

/** What a SCSI or SAS drive tells; nothing of any other. */
export function scsiMetrics(document: SmartDocument): Measurement[] {
  return [
    ...metric("smart.grown_defects", asCount(document["scsi_grown_defect_list"])),
    ...metric("smart.uncorrected_errors", uncorrectedErrors(document)),
    ...metric("smart.used", asCount(document["scsi_percentage_used_endurance_indicator"]), "%"),
    ...selfTestMetrics(selfTestsOf(document)),
  ];
}

/** Of reads, writes and verifies together. */
function uncorrectedErrors(document: SmartDocument): number | undefined {
  const log = asObject(document["scsi_error_counter_log"]);
  const counts = ["read", "write", "verify"].flatMap(
    (kind) => asCount(asObject(log?.[kind])?.["total_uncorrected_errors"]) ?? [],
  );
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

function selfTestsOf(document: SmartDocument): boolean[] | undefined {
  const tests = Array.from({ length: SELF_TESTS }, (_, n) => asObject(document[`scsi_self_test_${n}`]));
  const results = tests.flatMap((test) => asCount(asObject(test?.["result"])?.["value"]) ?? []);
  if (results.length === 0) return undefined;
  return endedTests(results.map(scsiOutcome));
}
