import type { Gate, Operator, Severity } from "../gate.ts";

/** Absence is an error. */
function needed(metric: string, op: Operator, value: number, severity: Severity = "fail"): Gate {
  return { metric, op, value, severity, optional: false };
}

/** Judged where the device tells it. */
function told(metric: string, op: Operator, value: number, severity: Severity = "fail"): Gate {
  return { metric, op, value, severity, optional: true };
}

/**
 * What a drive must say of itself, whatever its kind: each tells another part of it.
 *
 * `fail`: the drive says so itself, or it has lost data: a sector it could not read or a result it could not correct.
 * `warn`: it repaired something, wears, or had trouble once: a used drive may have that and be sound, a new one not.
 */
export const SMART_GATES: readonly Gate[] = [
  needed("smart.health_passed", "=", 1),
  told("smart.failing_attributes", "=", 0),
  told("smart.end_to_end_errors", "=", 0),
  told("smart.reported_uncorrectable", "=", 0),
  told("smart.pending_sectors", "=", 0),
  told("smart.offline_uncorrectable", "=", 0),
  told("smart.critical_warnings", "=", 0),
  told("smart.spare_above_threshold", ">=", 0),
  told("smart.media_errors", "=", 0),
  told("smart.uncorrected_errors", "=", 0),
  told("smart.newest_self_test_failed", "=", 0),
  told("smart.worn_attributes", "=", 0, "warn"),
  told("smart.once_failed_attributes", "=", 0, "warn"),
  told("smart.reallocated_sectors", "=", 0, "warn"),
  told("smart.reallocation_events", "=", 0, "warn"),
  told("smart.spin_retries", "=", 0, "warn"),
  told("smart.grown_defects", "=", 0, "warn"),
  told("smart.used", "<=", 80, "warn"),
  told("smart.temperature_warning", "=", 0, "warn"),
  told("smart.failed_self_tests", "=", 0, "warn"),
];

/** What any drive must do: give back what was written. How fast is a profile's own matter. */
export const STORAGE_GATES: readonly Gate[] = [needed("storage.errors", "=", 0)];

/** What any link must do. How fast is a profile's own matter: a capture does not tell what the link is meant for. */
export const NETWORK_GATES: readonly Gate[] = [
  needed("network.bits_per_second", ">", 0),
  told("network.reverse_bits_per_second", ">", 0),
  // Loss below this is usual for UDP near the rate of a link; checkbox and MAAS have no gate for it.
  told("network.lost_percent", "<=", 1, "warn"),
];
