import type { Stanzas } from "./stanzas.ts";
import { stanza } from "./stanzas.ts";

const QUICK = `
- { metric: storage.targets, op: ">=", value: 1, severity: error }
- { metric: storage.unread_drives, op: "=", value: 0, severity: warn }
- { metric: storage.errors, op: "=", value: 0 }
- { metric: storage.verify.errors, op: "=", value: 0, optional: true }
- { metric: storage.kernel_errors, op: "=", value: 0, severity: warn, optional: true }
- { metric: storage.sequential.read_bytes_per_second, op: ">", value: 0, severity: error }
- { metric: storage.sequential.by_floor, op: ">=", value: 1, optional: true }
- { metric: storage.sequential.by_like, op: ">=", value: 0.8, severity: warn, optional: true }
- { metric: smart.grown_errors, op: "=", value: 0, optional: true }
- { metric: storage.random.read_latency_p999, op: "<=", value: 2000000, severity: warn }
- { metric: storage.random.read_latency_max, op: "<=", value: 10000000, severity: warn }
`;

const LONG = `
- { metric: storage.targets, op: ">=", value: 1, severity: error }
- { metric: storage.unread_drives, op: "=", value: 0, severity: error }
- { metric: storage.errors, op: "=", value: 0 }
- { metric: storage.verify.errors, op: "=", value: 0, optional: true }
- { metric: storage.kernel_errors, op: "=", value: 0, optional: true }
- { metric: storage.sequential.read_bytes_per_second, op: ">", value: 0, severity: error }
- { metric: storage.sequential.by_floor, op: ">=", value: 1, optional: true }
- { metric: storage.sequential.by_like, op: ">=", value: 0.9, severity: warn, optional: true }
- { metric: smart.grown_errors, op: "=", value: 0, optional: true }
- { metric: storage.random.read_latency_p999, op: "<=", value: 2000000, severity: warn }
- { metric: storage.random.read_latency_max, op: "<=", value: 10000000 }
- { metric: storage.cliff.after_by_before, op: ">=", value: 0.1, severity: warn, optional: true }
`;

/**
 * Reads of 20 s, 5 min or an hour each way. A drive that an operator named in an override is also written and read back:
 * 64 GiB of it, or the whole.
 */
export const STORAGE: Stanzas = {
  quick: stanza(
    "timeout: 15m\nparameters: { seconds: 20, parallel: 8, fallback: { file: groundcrew-scratch, size: 256MiB } }",
    QUICK,
  ),
  standard: stanza(
    "timeout: 6h\nparameters: { seconds: 300, parallel: 8, verify_size: 64GiB, cliff_seconds: 300 }",
    LONG,
  ),
  soak: stanza(
    "timeout: 120h\nparameters: { seconds: 3600, parallel: 16, verify_size: all, cliff_seconds: 1800 }",
    LONG,
  ),
};
