import { ataOutcome, nvmeOutcome, scsiOutcome, type SelfTestOutcome } from "../captures/self-tests.ts";
import { asCount, asObject, asObjects, asText, parseJson } from "./json.ts";

/** The self-tests that are asked of drives. Conveyance is ATA's alone. */
export const SELF_TESTS = ["short", "long", "conveyance"] as const;
export type SelfTestName = (typeof SELF_TESTS)[number];

/** What a drive says of its self-tests at one moment. */
export interface SelfTestReading {
  /** How far the one that runs is, in percent, where the drive tells. Absent: none runs. */
  running?: { donePercent?: number };
  /** How the newest one ended, and the drive's own words for it. Absent: it tells of none. */
  newest?: { outcome: SelfTestOutcome; text: string };
  /** The log as text: it differs once a test has been added. */
  log: string;
}

/** What a drive offers. Undefined: it does not say. */
export interface SelfTestSupport {
  supported?: boolean;
  conveyance: boolean;
  /** How long it says a test takes, in minutes. */
  minutes: Partial<Record<SelfTestName, number>>;
}

/** Reads the self-tests in `smartctl --json -c -l selftest` (or `-x`). Undefined: the drive tells nothing of them. */
export function parseSmartSelfTest(text: string): SelfTestReading | undefined {
  const document = asObject(parseJson(text));
  if (!document) return undefined;
  return ataReading(document) ?? nvmeReading(document) ?? scsiReading(document);
}

/** Reads which self-tests the drive in `smartctl --json -c` offers. */
export function parseSmartSelfTestSupport(text: string): SelfTestSupport {
  const document = asObject(parseJson(text)) ?? {};
  const data = asObject(document["ata_smart_data"]);
  const capabilities = asObject(data?.["capabilities"]);
  const polling = asObject(asObject(data?.["self_test"])?.["polling_minutes"]);
  const offered = capabilities?.["self_tests_supported"];
  const nvme = asObject(document["nvme_optional_admin_commands"])?.["self_test"];
  const supported = typeof offered === "boolean" ? offered : nvme;
  return {
    ...(typeof supported === "boolean" && { supported }),
    conveyance: capabilities?.["conveyance_self_test_supported"] === true,
    minutes: minutesOf({
      short: asCount(polling?.["short"]),
      long: asCount(polling?.["extended"]),
      conveyance: asCount(polling?.["conveyance"]),
    }),
  };
}

/** Reads `nvme self-test-log -o json` of nvme-cli 1 and 2. Undefined when it is not that. */
export function parseNvmeSelfTest(text: string): SelfTestReading | undefined {
  const document = asObject(parseJson(text));
  const operation = asCount(document?.["Current Device Self-Test Operation"]);
  if (!document || operation === undefined) return undefined;
  const done = asCount(document["Current Device Self-Test Completion"]);
  const entries = asObjects(document["List of Valid Reports"]);
  const results = entries.flatMap((entry) => asCount(entry["Self test result"]) ?? []);
  const outcome = results[0] === undefined ? undefined : nvmeOutcome(results[0]);
  return {
    ...(operation !== 0 && { running: percent(done) }),
    ...(outcome && { newest: { outcome, text: `result ${results[0]} of the NVMe self-test log` } }),
    log: JSON.stringify(entries),
  };
}

/** Reads which self-tests the controller in `nvme id-ctrl -o json` offers: OACS bit 4, and the time of the long one. */
export function parseNvmeSelfTestSupport(text: string): SelfTestSupport {
  const document = asObject(parseJson(text));
  const oacs = asCount(document?.["oacs"]);
  return {
    ...(oacs !== undefined && { supported: (oacs & 0x10) !== 0 }),
    conveyance: false,
    minutes: minutesOf({ long: asCount(document?.["edstt"]) }),
  };
}

function ataReading(document: Record<string, unknown>): SelfTestReading | undefined {
  const status = asObject(asObject(asObject(document["ata_smart_data"])?.["self_test"])?.["status"]);
  const value = asCount(status?.["value"]);
  if (value === undefined) return undefined;
  const log = JSON.stringify(document["ata_smart_self_test_log"] ?? {});
  const outcome = ataOutcome(value);
  // While one runs, the lower half tells tenths that remain.
  if (outcome === undefined) return { running: percent(100 - (value & 15) * 10), log };
  return { newest: { outcome, text: asText(status?.["string"]) ?? `status ${value}` }, log };
}

function nvmeReading(document: Record<string, unknown>): SelfTestReading | undefined {
  const kept = asObject(document["nvme_self_test_log"]);
  const operation = asCount(asObject(kept?.["current_self_test_operation"])?.["value"]);
  if (!kept || operation === undefined) return undefined;
  const [newest] = asObjects(kept["table"]).map((entry) => asObject(entry["self_test_result"]));
  const result = asCount(newest?.["value"]);
  const outcome = result === undefined ? undefined : nvmeOutcome(result);
  return {
    ...(operation !== 0 && { running: percent(asCount(kept["current_self_test_completion_percent"])) }),
    ...(outcome && { newest: { outcome, text: asText(newest?.["string"]) ?? `result ${result}` } }),
    log: JSON.stringify(kept["table"] ?? []),
  };
}

function scsiReading(document: Record<string, unknown>): SelfTestReading | undefined {
  const entry = asObject(document["scsi_self_test_0"]);
  if (!entry) return asObject(document["device"])?.["protocol"] === "SCSI" ? { log: "" } : undefined;
  const result = asObject(entry["result"]);
  const value = asCount(result?.["value"]);
  if (value === undefined) return undefined;
  const outcome = scsiOutcome(value);
  const log = JSON.stringify([entry, document["scsi_self_test_1"]]);
  if (outcome === undefined) return { running: {}, log };
  return { newest: { outcome, text: asText(result?.["string"]) ?? `result ${value}` }, log };
}

function percent(done: number | undefined): { donePercent?: number } {
  return done === undefined || done > 100 ? {} : { donePercent: done };
}

function minutesOf(given: Partial<Record<SelfTestName, number | undefined>>): SelfTestSupport["minutes"] {
  return Object.fromEntries(Object.entries(given).filter(([, minutes]) => minutes !== undefined && minutes > 0));
}
