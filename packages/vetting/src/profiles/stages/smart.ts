import { withGates } from "./stanzas.ts";

/** A machine whose drives tell no SMART, such as a virtual one, is an error: a profile for those skips the stage. */
export const SMART = withGates(
  {
    quick: "timeout: 10m\nparameters: { self_tests: [short] }",
    standard: "timeout: 45m\nparameters: { self_tests: [short, conveyance] }",
    // A day for the long test of the largest drives, and as much again for one that is slow.
    soak: "timeout: 48h\nparameters: { self_tests: [short, conveyance, long], poll_seconds: 60 }",
  },
  `
- { metric: smart.drives, op: ">=", value: 1, severity: error }
- { metric: smart.unjudged_drives, op: "=", value: 0, severity: error }
- { metric: smart.lost_drives, op: "=", value: 0 }
- { metric: smart.health_passed, op: "=", value: 1 }
- { metric: smart.failing_attributes, op: "=", value: 0, optional: true }
- { metric: smart.end_to_end_errors, op: "=", value: 0, optional: true }
- { metric: smart.reported_uncorrectable, op: "=", value: 0, optional: true }
- { metric: smart.pending_sectors, op: "=", value: 0, optional: true }
- { metric: smart.offline_uncorrectable, op: "=", value: 0, optional: true }
- { metric: smart.critical_warnings, op: "=", value: 0, optional: true }
- { metric: smart.spare_above_threshold, op: ">=", value: 0, optional: true }
- { metric: smart.media_errors, op: "=", value: 0, optional: true }
- { metric: smart.uncorrected_errors, op: "=", value: 0, optional: true }
- { metric: smart.newest_self_test_failed, op: "=", value: 0, optional: true }
- { metric: smart.self_test_failures, op: "=", value: 0, optional: true }
- { metric: smart.self_tests_completed_share, op: "=", value: 1, severity: error, optional: true }
- { metric: smart.grown_errors, op: "=", value: 0, optional: true }
- { metric: smart.worn_attributes, op: "=", value: 0, severity: warn, optional: true }
- { metric: smart.once_failed_attributes, op: "=", value: 0, severity: warn, optional: true }
- { metric: smart.reallocated_sectors, op: "=", value: 0, severity: warn, optional: true }
- { metric: smart.reallocation_events, op: "=", value: 0, severity: warn, optional: true }
- { metric: smart.spin_retries, op: "=", value: 0, severity: warn, optional: true }
- { metric: smart.grown_defects, op: "=", value: 0, severity: warn, optional: true }
- { metric: smart.used, op: "<=", value: 80, severity: warn, optional: true }
- { metric: smart.temperature_warning, op: "=", value: 0, severity: warn, optional: true }
- { metric: smart.failed_self_tests, op: "=", value: 0, severity: warn, optional: true }
`,
);
