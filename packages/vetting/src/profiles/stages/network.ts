import { withGates } from "./stanzas.ts";

/** Without a reflector the stage is an error, which a quick run only warns of. */
export const NETWORK = withGates(
  {
    quick: "required: false\ntimeout: 10m\nparameters: { seconds: 10, omit_seconds: 1 }",
    standard: "timeout: 30m\nparameters: { seconds: 60, omit_seconds: 2, streams: 4, rounds: 4, wait_seconds: 600 }",
    soak: "timeout: 4h\nparameters: { seconds: 900, omit_seconds: 2, streams: 4, rounds: 4, wait_seconds: 600 }",
  },
  `
- { metric: network.bits_per_second, op: ">", value: 0 }
- { metric: network.reverse_bits_per_second, op: ">", value: 0 }
- { metric: network.by_link, op: ">=", value: 0.8, optional: true }
- { metric: network.reverse_by_link, op: ">=", value: 0.8, optional: true }
- { metric: network.link_by_spec, op: ">=", value: 1, optional: true }
- { metric: network.full_duplex, op: "=", value: 1, optional: true }
- { metric: network.errors, op: "=", value: 0, optional: true }
- { metric: network.crc_errors, op: "=", value: 0, optional: true }
- { metric: network.carrier_changes, op: "=", value: 0, optional: true }
- { metric: network.driver_errors, op: "=", value: 0, severity: warn, optional: true }
- { metric: network.retransmit_share, op: "<=", value: 0.01, severity: warn, optional: true }
- { metric: network.reverse_retransmit_share, op: "<=", value: 0.01, severity: warn, optional: true }
- { metric: network.dip, op: ">=", value: 0.5, severity: warn, optional: true }
- { metric: network.reverse_dip, op: ">=", value: 0.5, severity: warn, optional: true }
`,
);
