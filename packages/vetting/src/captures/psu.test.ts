import { assert as check, constantFrom, integer, property } from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { evaluateCapture } from "./evaluate-capture.ts";
import { selTimeMs } from "./psu/events.ts";
import { neverPassesCut, prove } from "./testing.ts";

const elist = (...states: string[]): string =>
  [
    "Inlet Temp       | 04h | ok  |  7.1 | 24 degrees C",
    ...states.map((state, n) => `PS${n + 1} Status       | C${n}h | ok  | 10.${n + 1} | ${state}`),
    "PS1 Input Power  | D0h | ok  | 10.1 | 110 Watts",
    "",
  ].join("\n");

const OK = "Presence detected";

prove("psu", "sensors of power supplies are judged by their states", [
  ["two that work", elist(OK, OK), "pass"],
  ["one that failed", elist(OK, `${OK}, Failure detected`), "fail", /psu\.failed of psu PS2 Status/],
  ["one that will", elist(`${OK}, Predictive failure`), "fail"],
  ["one without mains", elist(OK, `${OK}, Power Supply AC lost`), "fail"],
  ["one out of its input's range", elist(`${OK}, AC out-of-range, but present`), "fail"],
  ["an empty bay", elist(OK, ""), "warn", /psu\.absent/],
  ["one that stands by", elist(OK, `${OK}, Power Supply Inactive`), "warn", /inactive/],
  ["one without a reading", `${elist(OK)}PS2 Status       | C9h | ns  | 10.2 | No Reading\n`, "pass"],
  ["lost redundancy", `${elist(OK, OK)}PS Redundancy    | 77h | ok  |  7.1 | Redundancy Lost\n`, "warn", /redundancy/],
  ["full redundancy", `${elist(OK, OK)}PS Redundancy    | 77h | ok  |  7.1 | Fully Redundant\n`, "pass"],
  ["a reading beyond its limits", `${elist(OK)}PS1 Fan          | D1h | nr  | 10.1 | 0 RPM\n`, "fail", /beyond_limits/],
  ["near them", `${elist(OK)}PS1 Temp         | D1h | nc  | 10.1 | 61 degrees C\n`, "warn", /near_limits/],
  [
    "another part beyond its limits",
    `${elist(OK)}Fan1             | 30h | cr  | 29.1 | 0 RPM\n`,
    "warn",
    /other_sensors/,
  ],
  ["states beside a number", "Power Supply 1   | 3Ch | ok  | 10.1 | 95 Watts, Presence detected\n", "pass"],
  ["a fault beside a number", "Power Supply 1   | 3Ch | ok  | 10.1 | 0 Watts, Failure detected\n", "fail"],
  ["words between the rows", `Get HPM.x Capabilities request failed, compcode = c9\n${elist(OK)}`, "pass"],
  ["the short form tells numbers", "PS1 Input Power  | 110 Watts         | ok\n", "pass"],
  ["and no states", "PS1 Status       | 0x01              | ok\n", "error", /no sensor tells/],
  ["sensors of other parts alone", "CPU Temp         | 40 degrees C      | ok\n", "error", /no sensor tells/],
  [
    "no controller",
    "Could not open device at /dev/ipmi0 or /dev/ipmi/0: No such file or directory\n",
    "error",
    /Could not open/,
  ],
]);

const sensor = (state: string): string =>
  `PS1 Status       | 0x1        | discrete   | ${state}| na        | na        | na        | na        | na        | na        \n`;

prove("psu", "the states of `ipmitool sensor` are bits", [
  ["present", sensor("0x0180"), "pass"],
  ["present, and failed", sensor("0x0380"), "fail"],
  ["present, without mains", sensor("0x0980"), "fail"],
  ["not there", `${sensor("0x0180")}${sensor("0x0080").replace("PS1", "PS2")}`, "warn", /absent/],
]);

const sel = (...events: string[]): string =>
  `${events.map((event, n) => `   ${(n + 1).toString(16)} | 04/1${n}/2025 | 10:22:11 | ${event}`).join("\n")}\n`;
const LOST = "Power Supply #0x51 | Power Supply AC lost";

prove("psu", "an event log is judged by what lasts", [
  ["an empty one", "SEL has no entries\n", "pass"],
  ["what is no fault", sel("Event Logging Disabled #0x07 | Log area reset/cleared | Asserted"), "pass"],
  ["mains that are lost", sel(`${LOST} | Asserted`), "fail", /events_failed/],
  ["mains that came back", sel(`${LOST} | Asserted`, `${LOST} | Deasserted`), "warn", /recovered/],
  ["lost again", sel(`${LOST} | Asserted`, `${LOST} | Deasserted`, `${LOST} | Asserted`), "fail"],
  ["a fault of memory", sel("Memory #0x02 | Uncorrectable ECC | Asserted"), "fail", /events_other/],
]);

const DCMI = `
    Instantaneous power reading:                   220 Watts
    Minimum during sampling period:                180 Watts
    Power reading state is:                   activated

`;

prove("psu", "DCMI tells what the machine draws", [
  ["it draws power", DCMI, "pass"],
  ["it does not measure", DCMI.replace("activated", "deactivated"), "error", /deactivated/],
  ["it draws none, and runs", DCMI.replace("220", "0"), "error", /system_watts/],
]);

suite("a capture of power supplies", () => {
  test("is never a pass when a line is cut off", () => {
    neverPassesCut("psu", "PS1 Status       | C8h | ok  | 10.1 | Presence detected\n");
    neverPassesCut("psu", "SEL has no entries\n");
  });

  test("a list cut off within a line is never a pass", () => {
    const whole = elist(OK, OK, OK);
    for (let length = 0; length < whole.length; length += 1) {
      if (whole[length - 1] === "\n") continue;
      assert.equal(evaluateCapture("psu", whole.slice(0, length)).verdict, "error");
    }
  });

  test("any number of sound supplies passes, and one state of one of them fails", () => {
    const states = constantFrom(
      "Failure detected",
      "Predictive failure",
      "Power Supply AC lost",
      "AC lost or out-of-range",
      "Config Error",
    );
    check(
      property(integer({ min: 1, max: 6 }), integer({ min: 0, max: 5 }), states, (many, at, state) => {
        const sound = Array.from({ length: many }, () => OK);
        assert.equal(evaluateCapture("psu", elist(...sound)).verdict, "pass");
        const sick = sound.map((each, n) => (n === at % many ? `${each}, ${state}` : each));
        assert.equal(evaluateCapture("psu", elist(...sick)).verdict, "fail");
      }),
      { numRuns: 50 },
    );
  });

  test("the time of an event is the controller's own, and absent before it had a clock", () => {
    const at = Date.UTC(2025, 3, 2, 22, 5, 1);
    assert.equal(selTimeMs({ date: "04/02/2025", time: "22:05:01" }), at);
    assert.equal(selTimeMs({ date: "04/02/25", time: "10:05:01 PM UTC" }), at);
    assert.equal(selTimeMs({ date: "Pre-Init", time: "0000000123" }), undefined);
  });
});
