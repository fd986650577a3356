import { withGates } from "./stanzas.ts";

/** The GPUs of a machine that may have none: `expect: none` declares that. How many there must be is the specification's. */
export const GPU = withGates(
  {
    quick: "timeout: 5m\nparameters: { expect: none, dcgm_level: 1 }",
    standard: "timeout: 15m\nparameters: { expect: none, dcgm_level: 2 }",
    soak: "timeout: 2h\nparameters: { expect: none, dcgm_level: 3 }",
  },
  `
- { metric: gpu.count, op: ">=", value: 1 }
- { metric: gpu.unseen, op: "=", value: 0, severity: error }
- { metric: gpu.lost, op: "=", value: 0, optional: true }
- { metric: gpu.ecc_uncorrected_volatile, op: "=", value: 0, optional: true }
- { metric: gpu.sram_threshold_exceeded, op: "=", value: 0, optional: true }
- { metric: gpu.repairs_pending, op: "=", value: 0, optional: true }
- { metric: gpu.retired_pages, op: "<=", value: 10, optional: true }
- { metric: gpu.retirement_pending, op: "=", value: 0, optional: true }
- { metric: gpu.remap_pending, op: "=", value: 0, optional: true }
- { metric: gpu.remap_failed, op: "=", value: 0, optional: true }
- { metric: gpu.thermal_slowdown, op: "=", value: 0, optional: true }
- { metric: gpu.power_brake, op: "=", value: 0, optional: true }
- { metric: gpu.recovery_needed, op: "=", value: 0, optional: true }
- { metric: gpu.fabric_unhealthy, op: "=", value: 0, optional: true }
- { metric: gpu.inforom_broken, op: "=", value: 0, optional: true }
- { metric: gpu.xids_hardware, op: "=", value: 0, optional: true }
- { metric: gpu.diag_failed, op: "=", value: 0, optional: true }
- { metric: gpu.diag_not_set_up, op: "=", value: 0, severity: error, optional: true }
- { metric: gpu.diag_warned, op: "=", value: 0, severity: warn, optional: true }
- { metric: gpu.ecc_uncorrected_aggregate, op: "=", value: 0, severity: warn, optional: true }
- { metric: gpu.ecc_corrected_growth, op: "<=", value: 100, severity: warn, optional: true }
- { metric: gpu.rows_remapped_uncorrected, op: "=", value: 0, severity: warn, optional: true }
- { metric: gpu.software_thermal_slowdown, op: "=", value: 0, severity: warn, optional: true }
- { metric: gpu.link_width_share, op: "=", value: 1, severity: warn, optional: true }
- { metric: gpu.xids_other, op: "=", value: 0, severity: warn, optional: true }
`,
);
