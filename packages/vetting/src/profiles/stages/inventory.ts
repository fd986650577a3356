import { withGates } from "./stanzas.ts";

const HEAD = "timeout: 2m";

/** A machine that could be looked at. What it must be made of is the specification's. */
export const INVENTORY = withGates(
  { quick: HEAD, standard: HEAD, soak: HEAD },
  `
- { metric: cpu.threads, op: ">=", value: 1 }
- { metric: memory.total_bytes, op: ">=", value: 67108864 }
- { metric: disk.count, op: ">=", value: 0 }
- { metric: nic.count, op: ">=", value: 0 }
- { metric: dimm.count, op: ">=", value: 1, optional: true }
- { metric: pci.count, op: ">=", value: 1, severity: warn, optional: true }
`,
);
