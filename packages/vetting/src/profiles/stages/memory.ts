import type { Stanzas } from "./stanzas.ts";
import { stanza } from "./stanzas.ts";

const QUICK = `
- { metric: memory.errors, op: "=", value: 0 }
- { metric: memory.completed_share, op: ">=", value: 0.95, severity: error }
- { metric: memory.covered_share, op: ">=", value: 0.7, severity: error }
- { metric: memory.uncorrected_errors, op: "=", value: 0, optional: true }
- { metric: memory.corrected_errors, op: "=", value: 0, severity: warn, optional: true }
`;

const LONG = `
- { metric: memory.errors, op: "=", value: 0 }
- { metric: memory.completed_share, op: ">=", value: 0.99, severity: error }
# The share that Google's published run of stressapptest wants.
- { metric: memory.covered_share, op: ">=", value: 0.8, severity: error }
- { metric: memory.uncorrected_errors, op: "=", value: 0, optional: true }
- { metric: memory.corrected_errors, op: "=", value: 0, severity: warn, optional: true }
`;

/** A minute, a quarter of an hour, 12 hours; only the quick one makes do with stress-ng. */
export const MEMORY: Stanzas = {
  quick: stanza("timeout: 10m\nparameters: { seconds: 60, share: 0.85, alternative: stress-ng }", QUICK),
  standard: stanza("timeout: 40m\nparameters: { seconds: 900, share: 0.9 }", LONG),
  soak: stanza("timeout: 14h\nparameters: { seconds: 43200, share: 0.95 }", LONG),
};
