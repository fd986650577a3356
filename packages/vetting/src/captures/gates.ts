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

/** Computations must come out right. The others say whether the run can be judged. */
export const CPU_STRESS_GATES: readonly Gate[] = [
  told("cpu_stress.verify_failures", "=", 0),
  told("cpu_stress.completed_share", ">=", 0.95, "error"),
  needed("cpu_stress.bogo_ops", ">", 0, "error"),
  // stress-ng's YAML holds no result of its comparisons (ColinIanKing/stress-ng#45); only its words do.
  needed("cpu_stress.log_given", "=", 1, "warn"),
];

/** Memory must give back what was written. How much of it must be tested is a profile's own matter. */
export const MEMORY_GATES: readonly Gate[] = [
  told("memory.errors", "=", 0),
  told("memory.verify_failures", "=", 0),
  told("memory.completed_share", ">=", 0.95, "error"),
  told("memory.log_given", "=", 1, "warn"),
];

/**
 * What a GPU must say of itself. `fail`: it lost data since its driver was loaded, memory that could not be repaired or
 * waits for a reset, does not answer, is cooled or fed too little for its own protection, or failed a diagnostic.
 * More than 10 retired pages: the limit of facebookresearch/gcm; NVIDIA's own, for returning a board, is 60.
 */
export const GPU_GATES: readonly Gate[] = [
  told("gpu.count", ">", 0, "error"),
  told("gpu.lost", "=", 0),
  told("gpu.ecc_uncorrected_volatile", "=", 0),
  told("gpu.sram_threshold_exceeded", "=", 0),
  told("gpu.repairs_pending", "=", 0),
  told("gpu.retired_pages", "<=", 10),
  told("gpu.retirement_pending", "=", 0),
  told("gpu.remap_pending", "=", 0),
  told("gpu.remap_failed", "=", 0),
  told("gpu.thermal_slowdown", "=", 0),
  told("gpu.power_brake", "=", 0),
  told("gpu.recovery_needed", "=", 0),
  told("gpu.fabric_unhealthy", "=", 0),
  told("gpu.inforom_broken", "=", 0),
  told("gpu.diag_failed", "=", 0),
  told("gpu.diag_not_set_up", "=", 0, "error"),
  told("gpu.diag_passed", ">", 0, "error"),
  told("gpu.diag_warned", "=", 0, "warn"),
  told("gpu.ecc_uncorrected_aggregate", "=", 0, "warn"),
  told("gpu.rows_remapped_uncorrected", "=", 0, "warn"),
  told("gpu.hardware_slowdown", "=", 0, "warn"),
  told("gpu.software_thermal_slowdown", "=", 0, "warn"),
  told("gpu.link_width_share", "=", 1, "warn"),
  told("gpu.unreadable_fields", "=", 0, "warn"),
];

/** What power supplies must say of themselves. A machine that is served by one of two supplies works, but deserves a look. */
export const PSU_GATES: readonly Gate[] = [
  told("psu.failed", "=", 0),
  told("psu.beyond_limits", "=", 0),
  told("psu.events_failed", "=", 0),
  told("psu.events_other", "=", 0),
  told("psu.system_watts", ">", 0, "error"),
  told("psu.redundancy_lost", "=", 0, "warn"),
  told("psu.absent", "=", 0, "warn"),
  told("psu.inactive", "=", 0, "warn"),
  told("psu.near_limits", "=", 0, "warn"),
  told("psu.events_recovered", "=", 0, "warn"),
  told("psu.other_sensors_beyond", "=", 0, "warn"),
];
