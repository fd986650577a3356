import { assert as check, json, property } from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CAPTURE_KINDS, evaluateCapture } from "./evaluate-capture.ts";
import { neverPassesCut, prove } from "./testing.ts";

type Fields = Record<string, unknown>;

const smartctl = { version: [7, 3], exit_status: 0 };
const passed = { smart_status: { passed: true } };

function attribute(id: number, name: string, raw: number, more: Fields = {}): Fields {
  return { id, name, raw: { value: raw, string: String(raw) }, when_failed: "", flags: { prefailure: true }, ...more };
}

function ata(attributes: Fields[], more: Fields = {}): Fields {
  const device = { name: "/dev/sda", type: "sat", protocol: "ATA" };
  return { smartctl, device, ...passed, ata_smart_attributes: { table: attributes }, ...more };
}

function selfTests(...passes: (boolean | undefined)[]): Fields {
  const table = passes.map((each) => ({ status: { value: 0, ...(each !== undefined && { passed: each }) } }));
  return { ata_smart_self_test_log: { standard: { table } } };
}

const soundLog = {
  critical_warning: 0,
  available_spare: 100,
  available_spare_threshold: 10,
  percentage_used: 2,
  media_errors: 0,
  num_err_log_entries: 312,
};

function nvme(log: Fields, more: Fields = {}): Fields {
  const device = { name: "/dev/nvme0", type: "nvme", protocol: "NVMe" };
  return { smartctl, device, ...passed, nvme_smart_health_information_log: { ...soundLog, ...log }, ...more };
}

function scsi(more: Fields): Fields {
  const device = { name: "/dev/sdc", type: "scsi", protocol: "SCSI" };
  const read = { total_uncorrected_errors: 0 };
  return { smartctl, device, ...passed, scsi_grown_defect_list: 0, scsi_error_counter_log: { read }, ...more };
}

const healthy = ata([attribute(5, "Reallocated_Sector_Ct", 0), attribute(197, "Current_Pending_Sector", 0)]);

prove("smart", "a drive is judged on what it tells", [
  ["a sound ATA drive passes", healthy, "pass"],
  [
    "an exit status of smartctl alone fails no drive",
    { ...healthy, smartctl: { ...smartctl, exit_status: 4 + 64 } },
    "pass",
  ],
  ["what it says of its own health comes first", { ...healthy, smart_status: { passed: false } }, "fail", /health/],
  [
    "an attribute that announces a failure, now",
    ata([attribute(5, "Reallocated_Sector_Ct", 9, { when_failed: "now" })]),
    "fail",
    /failing_attributes/,
  ],
  [
    "one that only tells wear, now, warns",
    ata([attribute(190, "Airflow_Temperature_Cel", 60, { when_failed: "now", flags: { prefailure: false } })]),
    "warn",
    /worn_attributes/,
  ],
  [
    "one that was below its threshold once warns",
    ata([attribute(3, "Spin_Up_Time", 0, { when_failed: "past" })]),
    "warn",
    /once_failed/,
  ],
  ["sectors that cannot be read fail it", ata([attribute(197, "Current_Pending_Sector", 8)]), "fail", /pending/],
  ["sectors that were replaced warn", ata([attribute(5, "Reallocated_Sector_Ct", 3)]), "warn", /reallocated/],
  ["attribute 188 counts on sound drives", ata([attribute(188, "Command_Timeout", 4_295_032_833)]), "pass"],
  ["raw rates are no counts", ata([attribute(1, "Raw_Read_Error_Rate", 83_886_080)]), "pass"],
  ["a number that another vendor uses otherwise", ata([attribute(187, "Available_Reservd_Space", 100)]), "pass"],
  ["only the count in a packed raw value", ata([attribute(197, "Current_Pending_Sector", 7 * 2 ** 32)]), "pass"],
  ["a self-test that failed last", { ...healthy, ...selfTests(false, true) }, "fail", /newest_self_test/],
  ["one that failed before one that passed", { ...healthy, ...selfTests(true, false) }, "warn", /failed_self_tests/],
  ["one that was aborted is none", { ...healthy, ...selfTests(undefined, true) }, "pass"],

  ["a sound NVMe drive passes, whatever its log of errors counts", nvme({}), "pass"],
  ["media errors are data that was lost", nvme({ media_errors: 7 }), "fail", /media_errors is 7/],
  ["a critical warning", nvme({ critical_warning: 0b100 }), "fail", /critical_warnings/],
  ["one of its temperature only warns", nvme({ critical_warning: 0b10 }), "warn", /temperature/],
  ["less spare than its threshold", nvme({ available_spare: 9 }), "fail", /spare/],
  ["wear", nvme({ percentage_used: 101 }), "warn", /used/],
  [
    "a self-test that failed",
    nvme({}, { nvme_self_test_log: { table: [{ self_test_result: { value: 7 } }] } }),
    "fail",
    /self_test/,
  ],

  ["a sound SAS drive passes", scsi({}), "pass"],
  [
    "errors that it could not correct",
    scsi({ scsi_error_counter_log: { write: { total_uncorrected_errors: 2 } } }),
    "fail",
    /uncorrected/,
  ],
  ["grown defects warn", scsi({ scsi_grown_defect_list: 4 }), "warn", /grown/],
  ["a failed self-test of it", scsi({ scsi_self_test_0: { result: { value: 4 } } }), "fail", /self_test/],
]);

prove("smart", "a drive that tells too little is not judged", [
  ["no drive", { smartctl: { messages: [{ string: "Unable to detect device type" }] } }, "error", /Unable to detect/],
  ["no word on its health", { ...healthy, smart_status: undefined }, "error", /health_passed was not measured/],
  ["nothing but a word on its health", { ...healthy, ata_smart_attributes: undefined }, "error", /neither/],
  ["but what it tells counts", { ...nvme({ media_errors: 1 }), smart_status: undefined }, "fail"],
]);

const job = {
  jobname: "scan",
  error: 0,
  job_runtime: 20_000,
  "job options": { rw: "read", runtime: "20", size: "64M" },
  read: { io_bytes: 100_000_000, bw_bytes: 5_000_000, iops: 1220, clat_ns: { percentile: { "99.000000": 800_000 } } },
};
const fio = (changes: Fields = {}): Fields => ({ "fio version": "fio-3.33", jobs: [{ ...job, ...changes }] });

prove("storage", "fio is judged on what it moved and found", [
  ["a scan without an error passes", fio(), "pass"],
  ["corrupted data, though fio exits with 0", fio({ error: 84, total_err: 8 }), "fail", /errors is 8/],
  ["a drive that cannot be read", fio({ error: 5 }), "fail", /errors is 1/],
  [
    "a file that is not there says nothing about the drive",
    fio({ error: 2 }),
    "error",
    /could not do its work: error 2/,
  ],
  ["nothing was moved", fio({ read: {} }), "error", /nothing was read/],
  ["stopped by a signal", `\nfio: terminating on signal 15\n${JSON.stringify(fio(), null, 2)}\n`, "error", /signal 15/],
  ["stopped before its time", fio({ job_runtime: 1600 }), "error", /1.6 s of 20 s/],
  [
    "through its size before its time",
    fio({ job_runtime: 1600, read: { ...job.read, io_bytes: 2 * 64 * 2 ** 20 } }),
    "pass",
  ],
  [
    "stopped before its time, with no size",
    fio({ job_runtime: 1600, "job options": { runtime: "20", time_based: "1" } }),
    "error",
    /1.6 s of 20 s/,
  ],
  [
    "to go on until its time, whatever its size",
    fio({
      job_runtime: 1600,
      read: { ...job.read, io_bytes: 2 ** 26 },
      "job options": { ...job["job options"], time_based: "" },
    }),
    "error",
  ],
  ["stopped before its size, with no time", fio({ "job options": { size: "1g" } }), "error", /bytes of/],
  ["through its size, with no time", fio({ "job options": { size: "64M" } }), "pass"],
  ["an amount of its own", fio({ "job options": { size: "1g", io_size: "64M" } }), "pass"],
  ["one job of two found an error", { "fio version": "fio-3.33", jobs: [job, { ...job, error: 5 }] }, "fail"],
  [
    "jobs of several machines",
    { "fio version": "fio-3.33", client_stats: [job, { ...job, error: 84, total_err: 3 }, { jobname: "All clients" }] },
    "fail",
    /errors is 3/,
  ],
  ["a warning before the document", `fio: a warning\n${JSON.stringify(fio(), null, 2)}\n`, "pass"],
  [
    "of several documents, the last",
    `${JSON.stringify(fio(), null, 2)}\n${JSON.stringify(fio({ error: 84, total_err: 1 }), null, 2)}\n`,
    "fail",
  ],
]);

const iperf = (end: Fields, more: Fields = {}): Fields => ({
  start: { test_start: { protocol: "TCP", duration: 10 } },
  end,
  ...more,
});
const received = (bits: number, seconds = 10) => ({ sum_received: { bits_per_second: bits, seconds } });

prove("network", "iperf3 is judged on what arrived", [
  ["a test to its end passes", iperf(received(9.4e9)), "pass"],
  ["a refused connection says nothing", { start: {}, error: "unable to connect" }, "error", /unable to connect/],
  ["a busy server neither", { start: {}, end: {}, error: "the server is busy" }, "error", /busy/],
  ["nothing arrived", iperf(received(0)), "fail", /bits_per_second is 0/],
  ["stopped before its time", iperf(received(9.4e9, 2)), "error", /2 s of 10 s/],
  ["one way of two is dead", iperf({ ...received(9e9), sum_received_bidir_reverse: { bits_per_second: 0 } }), "fail"],
  ["a warning before it", `warning: Debug output\n${JSON.stringify(iperf(received(9e9)), null, 2)}\n`, "pass"],
  [
    "as a stream of events",
    [
      { event: "start", data: iperf({})["start"] },
      { event: "interval", data: {} },
      { event: "end", data: received(9e9) },
    ]
      .map((event) => `${JSON.stringify(event)}\n`)
      .join(""),
    "pass",
  ],
  ["a stream without its end", `${JSON.stringify({ event: "start", data: iperf({})["start"] })}\n`, "error"],
  [
    "an amount that was not moved",
    iperf(
      { sum_sent: { bytes: 10, bits_per_second: 9 }, ...received(9) },
      { start: { test_start: { duration: 0, bytes: 1e9 } } },
    ),
    "error",
    /10 bytes of/,
  ],
  [
    "an older client whose datagrams were all lost",
    iperf({ sum: { bits_per_second: 1e8, seconds: 10, lost_percent: 100 } }),
    "fail",
  ],
  ["datagrams were lost", iperf({ ...received(1e8), sum: { lost_percent: 30, seconds: 10 } }), "warn", /lost/],
  [
    "a server that sent",
    iperf(
      { ...received(0), sum_sent: { bits_per_second: 9e9 } },
      { start: { accepted_connection: {}, test_start: { duration: 10 } } },
    ),
    "pass",
  ],
]);

suite("a capture of any kind", () => {
  for (const kind of CAPTURE_KINDS) {
    test(`of ${kind}: what is empty or something else is an error`, () => {
      for (const text of ["", "{}", "[]", "null", "no JSON", "---\n...\n", "<html/>"])
        assert.equal(evaluateCapture(kind, text).verdict, "error", text);
    });

    test(`of ${kind}: any JSON gets an answer, and never a pass without a measurement`, () => {
      check(
        property(json({ maxDepth: 4 }), (text) => {
          const { verdict, metrics } = evaluateCapture(kind, text);
          assert.ok(verdict !== "pass" || Object.keys(metrics).length > 0);
        }),
        { numRuns: 100 },
      );
    });
  }

  test("is never a pass when it is cut off, wherever", () => {
    neverPassesCut("smart", JSON.stringify(healthy, null, 2));
    neverPassesCut("storage", JSON.stringify(fio(), null, 2));
    neverPassesCut("network", JSON.stringify(iperf(received(1e9)), null, 2));
  });

  test("is judged by a profile's own gates where they are given", () => {
    const gate = {
      metric: "network.bits_per_second",
      op: ">=",
      value: 1e10,
      severity: "fail",
      optional: false,
    } as const;
    assert.equal(evaluateCapture("network", JSON.stringify(iperf(received(9.4e9))), [gate]).verdict, "fail");
  });
});
