import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { parseEthtoolErrors } from "../parsers/ethtool.ts";
import { readIperf3Run } from "./iperf3-run.ts";
import { type LinkLimits, limitsOf } from "./limits.ts";
import { linkBySpec } from "./spec-link.ts";

function interval(bits: number, omitted = false) {
  return { sum: { bits_per_second: bits, omitted } };
}

const SOUND = {
  start: { connected: [{ local_host: "192.0.2.7" }], tcp_mss_default: 1000, test_start: { duration: 1 } },
  intervals: [interval(1, true), interval(100), interval(90), interval(100)],
  end: {
    sum_sent: { bytes: 1_000_000, retransmits: 10, bits_per_second: 100, seconds: 1 },
    sum_received: { bits_per_second: 99, seconds: 1 },
    cpu_utilization_percent: { host_total: 20.5, remote_total: 30.5 },
  },
};

suite("what iperf3 tells of a link", () => {
  test("what was sent again, the deepest dip, both CPUs, and the address it went out from", () => {
    const { capture, ...run } = readIperf3Run(JSON.stringify(SOUND));
    const [measured] = capture.measurements;
    assert.deepEqual([measured?.name, measured?.value], ["network.bits_per_second", 99]);
    assert.deepEqual(run, {
      ownCpuPercent: 20.5,
      reflectorCpuPercent: 30.5,
      retransmitShare: 0.01,
      dip: 0.9,
      localHost: "192.0.2.7",
      isBusy: false,
    });
  });

  test("a busy server and one that does not answer are worth another try, other errors are not", () => {
    const busy = [
      "the server is busy running a test. try again later",
      "unable to connect to server: Connection refused",
    ];
    for (const error of busy) assert.ok(readIperf3Run(JSON.stringify({ ...SOUND, error })).isBusy, error);
    const other = readIperf3Run(JSON.stringify({ ...SOUND, error: "parameter error" }));
    assert.ok(!other.isBusy && other.capture.problems.length > 0);
  });

  test("takes any text, and no text makes a figure", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => readIperf3Run(text).capture.measurements.length === 0),
    );
  });
});

suite("what limits a result besides the link", () => {
  const free: LinkLimits = { bitsPerSecond: 5e9, cores: 1 };
  const TABLE: { given: Partial<LinkLimits>; says: RegExp[] }[] = [
    { given: {}, says: [] },
    { given: { capacityBitsPerSecond: 6e9 }, says: [] },
    { given: { capacityBitsPerSecond: 5.5e9 }, says: [/promises no more than 5\.5 Gbit/] },
    { given: { reflectorCpuPercent: 89 }, says: [] },
    { given: { reflectorCpuPercent: 91 }, says: [/reflector's CPU was 91 %/] },
    { given: { reflectorCpuPercent: 91, cores: 2 }, says: [] },
    { given: { ownCpuPercent: 99 }, says: [/this machine's CPU was 99 %/] },
    { given: { ownCpuPercent: 99, capacityBitsPerSecond: 1e9 }, says: [/promises/, /this machine/] },
  ];
  for (const { given, says } of TABLE) {
    test(`${JSON.stringify(given)}: ${says.join(" and ") || "nothing"}`, () => {
      const limits = limitsOf({ ...free, ...given });
      assert.equal(limits.length, says.length, limits.join("; "));
      for (const [index, pattern] of says.entries()) assert.match(limits[index] ?? "", pattern);
    });
  }
});

suite("a link's speed", () => {
  test("is held against the specification's, where it lists any", () => {
    const spec = { nics: [{ speed: 25_000 }, { speed: 1000 }, { driver: "x" }] };
    assert.equal(linkBySpec(25_000, spec), 1);
    assert.equal(linkBySpec(1000, spec), 1);
    assert.equal(linkBySpec(10_000, spec), 0.4);
    for (const none of [undefined, {}, { nics: [] }, { nics: [{}] }]) assert.equal(linkBySpec(1000, none), undefined);
  });
});

suite("a card's own counters", () => {
  test("of errors are read whatever the driver calls them; drops and traffic are not errors", () => {
    const text = [
      "NIC statistics:",
      "     rx_packets: 12",
      "     rx_crc_errors: 3",
      "     rx_errors: 4",
      "     port.rx_fcs: 1",
      "     rx_symbol_err_phy: 5",
      "     tx_timeout: 2",
      "     rx_discards_phy: 9",
      "     rx0_drops: 8",
      "     tx_kicks: 6206",
      "     truncated",
    ].join("\n");
    assert.deepEqual(
      [...parseEthtoolErrors(text)],
      [
        ["rx_crc_errors", 3],
        ["rx_errors", 4],
        ["port.rx_fcs", 1],
        ["rx_symbol_err_phy", 5],
        ["tx_timeout", 2],
      ],
    );
    fc.assert(fc.property(fc.string(), (any) => parseEthtoolErrors(any) instanceof Map));
  });
});
