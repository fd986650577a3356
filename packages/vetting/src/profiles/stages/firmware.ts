import { withGates } from "./stanzas.ts";

/** What firmware runs is listed; whether it may is said by the machine's specification, or by a profile's `allow`. */
export const FIRMWARE = withGates(
  { quick: "timeout: 2m", standard: "timeout: 2m", soak: "timeout: 2m" },
  `
- { metric: firmware.components, op: ">=", value: 1, severity: error }
- { metric: firmware.not_allowed, op: "=", value: 0, optional: true }
- { metric: firmware.listed_not_found, op: "=", value: 0, severity: error }
`,
);
