import type { Measurement } from "../ocp/run.ts";
import { type Capture, metric, unreadable } from "./capture.ts";
import { selFaults } from "./psu/events.ts";
import { selEntry, sensorRow, type SelEntry, type SensorRow } from "./psu/rows.ts";
import { supplyMetrics } from "./psu/supplies.ts";

const NO_DEVICE = /^Could not open device .*$|^Unable to (?:get|open) .*$|^Error:? .*$|^.*Unable to establish.*$/im;
const EMPTY_SEL = /^SEL has no entries$/m;
const DCMI_WATTS = /^\s*Instantaneous power reading *: *(\d{1,6}) Watts/m;
const DCMI_OFF = /^\s*Power reading state is *: *(?!activated)(\S.*)$/im;

/**
 * Reads what ipmitool says of power: `sdr`, `sdr elist full`, `sdr type "Power Supply"`, `sensor`, `sel elist` and `dcmi
 * power reading`, each alone or several in one file. The last line must have its end: a state that is cut off may read
 * as a good one.
 */
export function readPsu(text: string): Capture {
  const { rows, events, watts } = ipmiOf(text);
  const isEmptySel = EMPTY_SEL.test(text);
  if (rows.length === 0 && events.length === 0 && watts === undefined && !isEmptySel) {
    return unreadable(
      NO_DEVICE.exec(text)?.[0].slice(0, 200) ?? "this is not what ipmitool writes of sensors, events or power",
    );
  }
  const off = DCMI_OFF.exec(text)?.[1];
  return {
    measurements: [
      ...(rows.length > 0 ? supplyMetrics(rows) : []),
      ...(events.length > 0 || isEmptySel ? eventMetrics(events) : []),
      ...metric("psu.system_watts", watts, "W"),
    ],
    problems: [
      ...(text.endsWith("\n") ? [] : ["its last line has no end: it may be cut off"]),
      ...untold(rows, events.length > 0 || isEmptySel || watts !== undefined),
      ...(off === undefined ? [] : [`the controller does not measure power: its state is ${off}`]),
    ],
    notes: noted(events),
  };
}

/** What ipmitool told, sorted. Lines of another form are left out: it writes warnings between its rows. */
export function ipmiOf(text: string): { rows: SensorRow[]; events: SelEntry[]; watts: number | undefined } {
  const lines = text.split("\n").map((line) => line.trimEnd());
  const watts = DCMI_WATTS.exec(text)?.[1];
  const events = lines.flatMap((line) => selEntry(line) ?? []);
  const rows = lines.flatMap((line) => (selEntry(line) ? [] : (sensorRow(line) ?? [])));
  return { rows, events, watts: watts === undefined ? undefined : Number(watts) };
}

/** What a log of events counts. */
export function eventMetrics(events: readonly SelEntry[]): Measurement[] {
  const { supplies, supplyRecovered, others } = selFaults(events);
  return [
    ...metric("psu.events_failed", supplies.length),
    ...metric("psu.events_recovered", supplyRecovered.length),
    ...metric("psu.events_other", others.length),
  ];
}

/** Sensors of other parts say nothing about power. In the short form, what has states rather than a number tells none. */
function untold(rows: readonly SensorRow[], hasMore: boolean): string[] {
  if (rows.length === 0) return [];
  const told = supplyMetrics(rows);
  const known = told.some(
    ({ name, value }) =>
      (name === "psu.present" && Number(value) > 0) ||
      name === "psu.beyond_limits" ||
      name === "psu.redundancy_lost" ||
      (name === "psu.failed" && Number(value) > 0),
  );
  return known || hasMore ? [] : ["no sensor tells of a power supply: take `ipmitool sdr elist full`"];
}

function noted(events: readonly SelEntry[]): string[] {
  const { supplies, others } = selFaults(events);
  return [...supplies, ...others].map(({ id, sensor, event }) => `event ${id}: ${sensor}: ${event}`);
}
