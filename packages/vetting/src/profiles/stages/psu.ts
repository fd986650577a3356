import { withGates } from "./stanzas.ts";

/** Power supplies of a machine that may have no management controller: `expect: none` declares that. */
export const PSU = withGates(
  {
    quick: "timeout: 4m\nparameters: { expect: none, idle_seconds: 15, load_seconds: 15 }",
    standard: "timeout: 6m\nparameters: { expect: none, idle_seconds: 30, load_seconds: 60 }",
    soak: "timeout: 90m\nparameters: { expect: none, idle_seconds: 60, load_seconds: 3600 }",
  },
  `
- { metric: psu.missing, op: "=", value: 0, optional: true }
- { metric: psu.present, op: ">=", value: 1, severity: error }
- { metric: psu.failed, op: "=", value: 0 }
- { metric: psu.beyond_limits, op: "=", value: 0, optional: true }
- { metric: psu.events_failed, op: "=", value: 0, optional: true }
- { metric: psu.events_other, op: "=", value: 0, optional: true }
- { metric: psu.load_rise_watts, op: ">", value: 0, severity: error, optional: true }
- { metric: psu.share, op: ">=", value: 0.5, severity: warn, optional: true }
- { metric: psu.absent, op: "=", value: 0, severity: warn, optional: true }
- { metric: psu.inactive, op: "=", value: 0, severity: warn, optional: true }
- { metric: psu.near_limits, op: "=", value: 0, severity: warn, optional: true }
- { metric: psu.redundancy_lost, op: "=", value: 0, severity: warn, optional: true }
- { metric: psu.events_recovered, op: "=", value: 0, severity: warn, optional: true }
`,
);
