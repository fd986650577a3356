import { assert as check, constantFrom, integer, property, subarray } from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { evaluateCapture } from "./evaluate-capture.ts";
import { neverPassesCut, prove } from "./testing.ts";

/** One GPU of `nvidia-smi -q`: what is told of it, by section and name. */
type Told = Record<string, string>;

const SOUND: Told = {
  "GPU UUID": "GPU-5a1c",
  "PCI/GPU Link Info/Link Width/Max": "16x",
  "PCI/GPU Link Info/Link Width/Current": "16x",
  "Clocks Event Reasons/Idle": "Active",
  "Clocks Event Reasons/HW Slowdown": "Not Active",
  "Clocks Event Reasons/HW Slowdown/HW Thermal Slowdown": "Not Active",
  "Clocks Event Reasons/HW Slowdown/HW Power Brake Slowdown": "Not Active",
  "Clocks Event Reasons/SW Thermal Slowdown": "Not Active",
  "Clocks Event Reasons Counters/HW Thermal Slowdown": "412 us",
  "ECC Errors/Volatile/SRAM Correctable": "0",
  "ECC Errors/Volatile/SRAM Uncorrectable Parity": "0",
  "ECC Errors/Volatile/DRAM Correctable": "3",
  "ECC Errors/Volatile/DRAM Uncorrectable": "0",
  "ECC Errors/Aggregate/DRAM Uncorrectable": "0",
  "ECC Errors/Aggregate/SRAM Threshold Exceeded": "No",
  "Retired Pages/Single Bit ECC": "N/A",
  "Retired Pages/Double Bit ECC": "N/A",
  "Retired Pages/Pending Page Blacklist": "N/A",
  "Remapped Rows/Correctable Error": "0",
  "Remapped Rows/Uncorrectable Error": "0",
  "Remapped Rows/Pending": "No",
  "Remapped Rows/Remapping Failure Occurred": "No",
  "Temperature/GPU Current Temp": "41 C",
  "Temperature/GPU Slowdown Temp": "95 C",
  Processes: "None",
};

function lines(told: Told): string[] {
  const seen = new Set(Object.keys(told));
  return Object.entries(told).flatMap(([path, value]) => {
    const parts = path.split("/");
    const heads = parts.slice(0, -1).flatMap((part, depth) => {
      const head = parts.slice(0, depth + 1).join("/");
      if (seen.has(head)) return [];
      seen.add(head);
      return [`${"    ".repeat(depth + 1)}${part}`];
    });
    return [...heads, `${"    ".repeat(parts.length)}${(parts.at(-1) ?? "").padEnd(40)} : ${value}`];
  });
}

function text(...gpus: Told[]): string {
  const head = ["", "==============NVSMI LOG==============", "", "Driver Version : 570.1", ""];
  const blocks = gpus.flatMap((gpu, place) => [`GPU 00000000:0${place}:00.0`, ...lines(gpu), ""]);
  return [...head, `Attached GPUs                             : ${gpus.length}`, ...blocks, ""].join("\n");
}

const sick = (told: Told): string => text(SOUND, { ...SOUND, "GPU UUID": "GPU-77", ...told });

prove("gpu", "nvidia-smi -q is judged on what each GPU tells", [
  ["sound GPUs pass", text(SOUND, { ...SOUND, "GPU UUID": "GPU-77" }), "pass"],
  ["a lost bit of data", sick({ "ECC Errors/Volatile/DRAM Uncorrectable": "1" }), "fail", /of gpu GPU-77 is 1/],
  ["corrected errors are what ECC is for", sick({ "ECC Errors/Volatile/DRAM Correctable": "9" }), "pass"],
  ["lost data of long ago warns", sick({ "ECC Errors/Aggregate/DRAM Uncorrectable": "2" }), "warn"],
  ["a row that waits for a reset", sick({ "Remapped Rows/Pending": "Yes" }), "fail", /remap_pending/],
  ["a row that could not be replaced", sick({ "Remapped Rows/Remapping Failure Occurred": "Yes" }), "fail"],
  ["too many retired pages", sick({ "Retired Pages/Double Bit ECC": "11" }), "fail", /retired_pages/],
  ["a page that waits", sick({ "Retired Pages/Pending Page Blacklist": "Yes" }), "fail"],
  ["too hot", sick({ "Clocks Event Reasons/HW Slowdown/HW Thermal Slowdown": "Active" }), "fail", /thermal_slowdown/],
  ["fed too little", sick({ "Clocks Event Reasons/HW Slowdown/HW Power Brake Slowdown": "Active" }), "fail"],
  ["half of its lanes", sick({ "PCI/GPU Link Info/Link Width/Current": "8x" }), "warn", /link_width_share.* is 0.5/],
  ["an older driver's names", sick({ "Clocks Throttle Reasons/HW Slowdown": "Active" }), "warn", /hardware_slowdown/],
  ["one that asks for a reset", sick({ "GPU Recovery Action": "Reset" }), "fail", /recovery_needed/],
  ["one that needs none", sick({ "GPU Recovery Action": "None" }), "pass"],
  ["one that does not answer a question", sick({ "Fan Speed": "ERR!" }), "warn", /unreadable_fields/],
  ["one that does not answer any more", sick({ "Fan Speed": "[GPU is lost]" }), "fail", /lost/],
  [
    "one of which nothing is told but its name",
    text({ "GPU UUID": "x", Processes: "None" }),
    "error",
    /nothing of its/,
  ],
  ["fewer than are attached", text(SOUND).replace(": 1\n", ": 2\n"), "error", /1 GPUs of 2/],
  ["asked for in part", text({ ...SOUND }).replace(/ +Processes.*\n/, ""), "error", /in part/],
  ["no driver", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", "error", /driver/],
  ["no GPU", "No devices were found\n", "error", /No devices/],
  ["one off the bus", `Unable to determine the device handle for GPU 0000:41:00.0: Unknown Error\n`, "fail", /lost/],
  ["a damaged information ROM", `WARNING: infoROM is corrupted at gpu 0000:00:00.0\n${text(SOUND)}`, "fail", /inforom/],
]);

const tag = (name: string, content: string): string => `<${name}>${content}</${name}>`;
const mark = (told: Told): string => {
  const width = tag("max_link_width", "16x") + tag("current_link_width", "16x");
  const ecc = { sram_uncorrectable: "0", dram_uncorrectable: "0", dram_correctable: "4", ...told };
  const leaves = (names: string[]): string =>
    names.map((name) => tag(name, ecc[name as never] ?? told[name] ?? "N/A")).join("");
  return [
    tag("uuid", told["uuid"] ?? "GPU-1"),
    tag("pci", tag("pci_gpu_link_info", tag("link_widths", width))),
    tag("clocks_event_reasons", tag("clocks_event_reason_hw_thermal_slowdown", told["hot"] ?? "Not Active")),
    tag("ecc_errors", tag("volatile", leaves(["sram_uncorrectable", "dram_uncorrectable", "dram_correctable"]))),
    tag("retired_pages", tag("double_bit_retirement", leaves(["retired_count"])) + leaves(["pending_retirement"])),
    tag("remapped_rows", leaves(["remapped_row_unc", "remapped_row_pending", "remapped_row_failure"])),
    tag("mig_devices", told["mig"] ?? "None"),
  ].join("\n");
};
const xml = (...gpus: Told[]): string =>
  `<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n<nvidia_smi_log>\n` +
  `${tag("attached_gpus", String(gpus.length))}\n${gpus.map((gpu) => `<gpu id="0">${mark(gpu)}</gpu>\n`).join("")}</nvidia_smi_log>\n`;

prove("gpu", "nvidia-smi -q -x is judged alike", [
  ["a sound GPU", xml({}), "pass"],
  ["a lost bit of data", xml({ dram_uncorrectable: "2" }), "fail", /volatile/],
  ["pages", xml({ retired_count: "64" }), "fail", /retired_pages/],
  ["a page that waits", xml({ pending_retirement: "Yes" }), "fail"],
  ["a row that waits", xml({ remapped_row_pending: "Yes" }), "fail"],
  ["a row that failed", xml({ remapped_row_failure: "Yes" }), "fail"],
  ["too hot", xml({ hot: "Active" }), "fail"],
  [
    "within a part of a GPU",
    xml({ mig: tag("mig_device", tag("ecc_error_count", tag("volatile_count", tag("sram_uncorrectable", "1")))) }),
    "fail",
  ],
  ["an entity of its own", xml({}).replace("GPU-1", "&boom;"), "error", /broken/],
]);

const csv = (...rows: string[][]): string =>
  [
    "index, uuid, count, ecc.errors.uncorrected.volatile.total, remapped_rows.pending, clocks_event_reasons.active",
    ...rows.map((row) => row.join(", ")),
    "",
  ].join("\n");

prove("gpu", "a table of --query-gpu is judged by its header", [
  ["a sound GPU", csv(["0", "GPU-1", "1", "0", "No", "0x0000000000000001"]), "pass"],
  ["one that is not told is absent", csv(["0", "GPU-1", "1", "[N/A]", "No", "0x0000000000000001"]), "pass"],
  ["lost data", csv(["0", "GPU-1", "1", "4", "No", "0x0"]), "fail", /volatile/],
  ["too hot, as a bit", csv(["0", "GPU-1", "1", "0", "No", "0x0000000000000048"]), "fail", /thermal_slowdown/],
  ["fewer rows than GPUs", csv(["0", "GPU-1", "2", "0", "No", "0x0"]), "error", /1 GPUs of 2/],
  ["without its header", "0, GPU-1, 1, 0, No\n", "error", /neither/],
  ["without a word on health", "index, uuid, name\n0, GPU-1, NVIDIA T4\n", "error", /nothing of its health/],
]);

const result = (status: string, ...warnings: unknown[]) => ({ entity_group: "GPU", entity_id: 0, status, warnings });
const diag = (...results: unknown[]) => ({
  "DCGM Diagnostic": { test_categories: [{ category: "Hardware", tests: [{ name: "memory", results }] }] },
});
const warning = (text: string, category?: number, severity?: number) => ({
  warning: text,
  error_category: category,
  error_severity: severity,
});

prove("gpu", "dcgmi diag is judged on why a test failed", [
  ["sound", diag(result("Pass"), result("Skip")), "pass"],
  ["hardware", diag(result("Pass"), result("Fail", warning("row remap", 10, 2))), "fail", /diag_failed is 1/],
  ["a setting", diag(result("Pass"), result("Fail", warning("Persistence mode", 8, 5))), "error", /not_set_up/],
  ["one of both", diag(result("Fail", warning("a", 3, 5), warning("b", 13, 4))), "fail"],
  ["software that says to isolate it", diag(result("Pass"), result("Fail", warning("cuda", 6, 2))), "fail"],
  [
    "heat for no time",
    diag(result("Pass"), result("Fail", warning("Thermal violations totaling 0.0 seconds", 9))),
    "warn",
  ],
  ["heat", diag(result("Pass"), result("Fail", warning("Thermal violations totaling 12.5 seconds", 9))), "fail"],
  ["nothing but skips", diag(result("Skip")), "error", /diag_passed is 0/],
  ["a diagnostic that broke", { "DCGM Diagnostic": { runtime_error: "no host engine" } }, "error"],
  [
    "the older form: no category, words as text",
    {
      "DCGM GPU Diagnostic": {
        test_categories: [
          {
            category: "Hardware",
            tests: [
              {
                name: "Memory",
                results: [{ gpu_ids: "0", status: "FAIL", warnings: "Detected 2 double bit ECC errors" }],
              },
            ],
          },
        ],
      },
    },
    "fail",
  ],
  ["its words before it", `Successfully ran diagnostic\n${JSON.stringify(diag(result("Pass")), null, 2)}\n`, "pass"],
]);

suite("a capture of GPUs", () => {
  test("is never a pass when it is cut off, wherever", () => {
    neverPassesCut("gpu", text(SOUND));
    neverPassesCut("gpu", xml({}));
    neverPassesCut("gpu", csv(["0", "GPU-1", "1", "0", "No", "0x0000000000000001"]));
    neverPassesCut("gpu", JSON.stringify(diag(result("Pass")), null, 2));
  });

  test("any number of sound GPUs passes, and one sick field of one of them fails", () => {
    const sickness = constantFrom(
      ["ECC Errors/Volatile/SRAM Uncorrectable Parity", "1"],
      ["ECC Errors/Volatile/DRAM Uncorrectable", "70"],
      ["ECC Errors/Aggregate/SRAM Threshold Exceeded", "Yes"],
      ["Remapped Rows/Pending", "Yes"],
      ["Remapped Rows/Remapping Failure Occurred", "Yes"],
      ["Retired Pages/Single Bit ECC", "63"],
      ["Retired Pages/Pending Page Blacklist", "Yes"],
    );
    const untold = subarray(["GPU UUID", "Temperature/GPU Current Temp", "ECC Errors/Aggregate/DRAM Uncorrectable"]);
    check(
      property(
        integer({ min: 1, max: 8 }),
        integer({ min: 0, max: 7 }),
        sickness,
        untold,
        (many, at, [path, value], na) => {
          const without = Object.fromEntries(na.map((name) => [name, "N/A"]));
          const gpus = Array.from({ length: many }, (_, n) => ({ ...SOUND, "GPU UUID": `GPU-${n}`, ...without }));
          assert.equal(evaluateCapture("gpu", text(...gpus)).verdict, "pass");
          const one = at % many;
          const bad = gpus.map((gpu, n) => (n === one ? { ...gpu, [path as string]: value as string } : gpu));
          assert.equal(evaluateCapture("gpu", text(...bad)).verdict, "fail", path);
        },
      ),
      { numRuns: 100 },
    );
  });
});
