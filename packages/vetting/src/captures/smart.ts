import { asCount, asObject, asObjects, asText, parseJson } from "../parsers/json.ts";
import { type Capture, metric, unreadable } from "./capture.ts";
import { ataMetrics } from "./smart-ata.ts";
import { nvmeMetrics } from "./smart-nvme.ts";
import { scsiMetrics } from "./smart-scsi.ts";

/** A document of `smartctl --json`, with unknown fields. */
export type SmartDocument = Record<string, unknown>;

/**
 * Reads what `smartctl --json -x` or `-a` wrote about one drive: ATA, NVMe or SCSI.
 *
 * By smartctl's JSON, version 1.0. Its exit status is not judged: bit 6 alone (an old entry in an error log) would fail
 * a sound drive, and bit 2 (one command of many failed) says nothing where the drive told all that is asked.
 */
export function readSmart(text: string): Capture {
  const document = asObject(parseJson(text));
  const tool = asObject(document?.["smartctl"]);
  if (!document || !tool) return unreadable("this is not the JSON that `smartctl --json -x DEVICE` writes");
  if (!asObject(document["device"])) return unreadable(`smartctl found no drive${because(tool)}`);
  const passed = asObject(document["smart_status"])?.["passed"];
  const details = [...ataMetrics(document), ...nvmeMetrics(document), ...scsiMetrics(document)];
  return {
    measurements: [
      ...metric("smart.health_passed", typeof passed === "boolean" ? Number(passed) : undefined),
      ...metric("smart.power_on_hours", asCount(asObject(document["power_on_time"])?.["hours"]), "h"),
      ...metric("smart.temperature", asCount(asObject(document["temperature"])?.["current"]), "°C"),
      ...details,
    ],
    problems: TELLING.some((name) => details.some((each) => each.name === name)) ? [] : [TELLS_NOTHING],
    notes: messagesOf(tool),
  };
}

/** Counts of what went wrong, which a sound drive does not add to while it is vetted. Never attribute 188. */
export const SMART_GROWTH = [
  "smart.reallocated_sectors",
  "smart.reallocation_events",
  "smart.end_to_end_errors",
  "smart.reported_uncorrectable",
  "smart.pending_sectors",
  "smart.offline_uncorrectable",
  "smart.crc_errors",
  "smart.media_errors",
  "smart.uncorrected_errors",
  "smart.grown_defects",
] as const;

/** The serial number of the drive that smartctl read. Undefined: it told none. */
export function serialOf(text: string): string | undefined {
  return asText(asObject(parseJson(text))?.["serial_number"]);
}

/** One of these is in what each kind of drive keeps on its health: ATA's attributes, NVMe's log, SCSI's counters. */
const TELLING = [
  "smart.failing_attributes",
  "smart.critical_warnings",
  "smart.uncorrected_errors",
  "smart.grown_defects",
];
const TELLS_NOTHING = "the drive tells neither attributes nor a health log nor error counters";

function because(tool: SmartDocument): string {
  const messages = messagesOf(tool);
  return messages.length === 0 ? "" : `: ${messages.join("; ")}`;
}

function messagesOf(tool: SmartDocument): string[] {
  return asObjects(tool["messages"]).flatMap(({ string }) => asText(string) ?? []);
}
