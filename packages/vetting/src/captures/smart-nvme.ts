import type { Measurement } from "../ocp/run.ts";
import { asCount, asObject, asObjects } from "../parsers/json.ts";
import { metric } from "./capture.ts";
import { endedTests, nvmeOutcome, selfTestMetrics } from "./self-tests.ts";
import type { SmartDocument } from "./smart.ts";

/** Bit 1 of the critical warning: outside of its temperature range. All others say that the drive is no longer sound. */
const TEMPERATURE_BIT = 0b10;

/** What an NVMe drive tells, by "SMART / Health Information" of the NVMe base specification; nothing of any other. */
export function nvmeMetrics(document: SmartDocument): Measurement[] {
  const log = asObject(document["nvme_smart_health_information_log"]);
  if (!log) return [];
  const count = (field: string): number | undefined => asCount(log[field]);
  const warning = count("critical_warning");
  const [spare, threshold] = [count("available_spare"), count("available_spare_threshold")];
  return [
    ...metric("smart.critical_warnings", warning === undefined ? undefined : warning & ~TEMPERATURE_BIT),
    ...metric("smart.temperature_warning", warning === undefined ? undefined : Number((warning & TEMPERATURE_BIT) > 0)),
    ...metric("smart.spare", spare, "%"),
    ...metric("smart.spare_above_threshold", difference(spare, threshold), "%"),
    ...metric("smart.used", count("percentage_used"), "%"),
    ...metric("smart.media_errors", count("media_errors")),
    ...metric("smart.error_log_entries", count("num_err_log_entries")),
    ...metric("smart.unsafe_shutdowns", count("unsafe_shutdowns")),
    ...metric("smart.critical_temperature_time", count("critical_comp_time"), "min"),
    ...selfTestMetrics(selfTestsOf(document)),
  ];
}

function difference(spare: number | undefined, threshold: number | undefined): number | undefined {
  return spare === undefined || threshold === undefined ? undefined : spare - threshold;
}

function selfTestsOf(document: SmartDocument): boolean[] | undefined {
  const log = asObject(document["nvme_self_test_log"]);
  if (!log) return undefined;
  const results = asObjects(log["table"]).flatMap(
    (test) => asCount(asObject(test["self_test_result"])?.["value"]) ?? [],
  );
  return endedTests(results.map(nvmeOutcome));
}
