import type { Stanzas } from "./stanzas.ts";
import { stanza } from "./stanzas.ts";

/** Within a minute, processors may exceed their sustained power: a falling trend only warns then. */
const QUICK = `
- { metric: cpu_stress.verify_failures, op: "=", value: 0 }
# These say whether the test itself was sound, not whether the machine is.
- { metric: cpu_stress.bogo_ops_per_second.min, op: ">", value: 0, severity: error }
- { metric: cpu_stress.completed_share, op: ">=", value: 0.95, severity: error }
- { metric: cpu_stress.idle_cpus, op: "=", value: 0, severity: error }
- { metric: cpu_stress.busy_share, op: ">=", value: 0.9, severity: warn, optional: true }
# A minute is within the time that processors may exceed their sustained power: it only warns.
- { metric: cpu_stress.throughput_trend, op: ">=", value: 0.7, severity: warn, optional: true }
- { metric: cpu_stress.throttle_events, op: "=", value: 0, severity: warn, optional: true }
- { metric: cpu_stress.machine_checks, op: "=", value: 0, optional: true }
- { metric: cpu_stress.memory_errors_corrected, op: "=", value: 0, severity: warn, optional: true }
- { metric: cpu_stress.memory_errors_uncorrected, op: "=", value: 0, optional: true }
`;

const LONG = `
- { metric: cpu_stress.verify_failures, op: "=", value: 0 }
- { metric: cpu_stress.bogo_ops_per_second.min, op: ">", value: 0, severity: error }
- { metric: cpu_stress.completed_share, op: ">=", value: 0.99, severity: error }
- { metric: cpu_stress.idle_cpus, op: "=", value: 0, severity: error }
- { metric: cpu_stress.busy_share, op: ">=", value: 0.95, severity: warn, optional: true }
- { metric: cpu_stress.throughput_trend, op: ">=", value: 0.9 }
- { metric: cpu_stress.throughput_spread, op: ">=", value: 0.8, severity: warn }
- { metric: cpu_stress.throttle_events, op: "=", value: 0, severity: warn, optional: true }
- { metric: cpu_stress.machine_checks, op: "=", value: 0, optional: true }
- { metric: cpu_stress.memory_errors_corrected, op: "=", value: 0, severity: warn, optional: true }
- { metric: cpu_stress.memory_errors_uncorrected, op: "=", value: 0, optional: true }
`;

/** Short segments show throttling as lost throughput: a minute, half an hour, 12 hours. */
export const CPU_STRESS: Stanzas = {
  quick: stanza("timeout: 5m\nparameters: { segments: 4, segment_seconds: 15, method: all }", QUICK),
  standard: stanza("timeout: 45m\nparameters: { segments: 30, segment_seconds: 60, method: all }", LONG),
  soak: stanza("timeout: 14h\nparameters: { segments: 720, segment_seconds: 60, method: all }", LONG),
};
