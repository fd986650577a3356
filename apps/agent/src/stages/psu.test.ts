import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite, test, type TestContext } from "node:test";
import { judgeStage, readOcp } from "@groundcrew/vetting";
import { psu } from "./psu.ts";
import { newEvents } from "./psu/events.ts";
import { runHere, stanza, standIns } from "./testing.ts";

const GATES = `
timeout: 5m
parameters: { expect: EXPECT }
gates:
  - { metric: psu.present, op: ">=", value: 1 }
  - { metric: psu.missing, op: "=", value: 0, optional: true }
  - { metric: psu.failed, op: "=", value: 0 }
  - { metric: psu.events_failed, op: "=", value: 0, optional: true }
  - { metric: psu.load_rise_watts, op: ">", value: 0, severity: error, optional: true }
  - { metric: psu.share, op: ">=", value: 0.5, severity: warn, optional: true }
`;

const STATUS = (first: string, second: string) =>
  `PS1 Status       | C8h | ok  | 10.1 | ${first}\nPS2 Status       | C9h | ok  | 10.2 | ${second}\n`;
const WATTS = (first: number, second: number) =>
  `PS1 Input Power  | D0h | ok  | 10.1 | ${first} Watts\nPS2 Input Power  | D1h | ok  | 10.2 | ${second} Watts\n`;
const OK = "Presence detected";

interface Machine {
  states?: string;
  watts?: string;
  /** The event log, before the load and after it. */
  events?: [before: string, after: string];
}

/** Stands in for ipmitool on a machine that draws more power while stress-ng's stand-in runs. */
function ipmitool({ states = STATUS(OK, OK), watts = WATTS(110, 105), events = ["", ""] }: Machine): string {
  return `case "$*" in
"sdr elist full") printf '%s' '${watts}' ;;
"sdr type Power Supply") printf '%s' '${states}' ;;
"sel elist") if [ -e seen ]; then printf '%s' '${events[1]}'; else touch seen; printf '%s' '${events[0]}'; fi ;;
"sel time get") echo '04/12/2025 10:00:00' ;;
"dcmi power reading") if [ -e loaded ]; then w=310; else w=140; fi; echo "    Instantaneous power reading:  $w Watts" ;;
esac`;
}
const STRESS = "touch loaded; exec sleep 100";

async function vet(
  t: TestContext,
  tools: Record<string, string>,
  options: { expect?: unknown; controller?: boolean } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-psu-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  process.env["GROUNDCREW_SYSTEM_ROOT"] = join(folder, "root");
  t.after(() => delete process.env["GROUNDCREW_SYSTEM_ROOT"]);
  if (options.controller) await mkdir(join(folder, "root/sys/class/ipmi/ipmi0"), { recursive: true });
  standIns(t, tools);
  const { expect = "any" } = options;
  const { ocp, error } = await runHere(psu, { folder, parameters: { expect, idle_seconds: 1, load_seconds: 1 } });
  assert.equal(error, undefined);
  const profile = stanza("psu", GATES.replace("EXPECT", String(expect)));
  return { ...judgeStage(profile, { outcome: "completed", ocp }), run: readOcp(ocp) };
}

const NO_CONTROLLER = { ipmitool: "echo 'Could not open device at /dev/ipmi0' >&2; exit 1" };

suite("power supplies", () => {
  test("two that share the load pass, and the load is measured", async (t) => {
    const { verdict, reasons, run } = await vet(t, { ipmitool: ipmitool({}), "stress-ng": STRESS }, { expect: 2 });
    assert.equal(verdict, "pass", reasons.join("\n"));
    const rise = run.measurements.find(({ name }) => name === "psu.load_rise_watts");
    assert.equal(rise?.value, 170);
  });

  test("one without mains fails, and one that takes no load warns", async (t) => {
    const dead = ipmitool({ states: STATUS(OK, `${OK}, Power Supply AC lost`), watts: WATTS(230, 0) });
    const { verdict, reasons } = await vet(t, { ipmitool: dead, "stress-ng": STRESS });
    assert.equal(verdict, "fail");
    assert.match(reasons.join("\n"), /psu\.failed of psu PS2 Status is 1/);
    assert.match(reasons.join("\n"), /psu\.share of psu PS2 Input Power is 0/);
  });

  test("an event that came under the load fails, an old one does not", async (t) => {
    const old = "   1 | 04/11/2023 | 10:22:11 | Power Supply #0x51 | Failure detected | Asserted\n";
    const fresh = "   2 | 04/12/2025 | 10:00:05 | Power Supply #0x51 | Power Supply AC lost | Asserted\n";
    const quiet = await vet(t, { ipmitool: ipmitool({ events: [old, old] }), "stress-ng": STRESS });
    assert.equal(quiet.verdict, "pass", quiet.reasons.join("\n"));
    const loud = await vet(t, { ipmitool: ipmitool({ events: [old, old + fresh] }), "stress-ng": STRESS });
    assert.equal(loud.verdict, "fail");
    assert.match(loud.reasons.join("\n"), /events_failed is 1/);
  });

  test("a load that was none is an error", async (t) => {
    const { verdict, reasons } = await vet(t, { ipmitool: ipmitool({}), "stress-ng": "exit 3" });
    assert.equal(verdict, "error");
    assert.match(reasons.join("\n"), /did not load the CPUs/);
  });

  test("without a controller: a skip where none is expected, else no pass", async (t) => {
    assert.equal((await vet(t, NO_CONTROLLER, { expect: "none" })).verdict, "skip");
    assert.equal((await vet(t, NO_CONTROLLER)).verdict, "error");
    assert.equal((await vet(t, NO_CONTROLLER, { expect: 2 })).verdict, "fail");
  });

  test("a controller that does not answer is no absence", async (t) => {
    const { verdict } = await vet(t, { ...NO_CONTROLLER, "stress-ng": STRESS }, { expect: "none", controller: true });
    assert.equal(verdict, "error");
  });
});

test("events are new by the controller's own clock, which may be wrong, or because they were not there before", () => {
  const event = (id: string, time: string) => ({ id, date: "04/12/2025", time, sensor: "", event: "", asserted: true });
  const all = [event("1", "08:00:00"), event("2", "11:30:00"), { ...event("3", ""), date: "Pre-Init" }];
  const startedAt = "2025-04-12T09:00:00.000Z";
  // The controller is two hours ahead: 11:30 there was 09:30 here.
  const { events, undated } = newEvents(all, [...all, event("4", "07:00:00")], { startedAt, leadMs: 2 * 3_600_000 });
  assert.deepEqual(
    events.map(({ id }) => id),
    ["2", "4"],
  );
  assert.equal(undated, 1);
});
