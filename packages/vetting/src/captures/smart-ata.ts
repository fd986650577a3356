import type { Measurement } from "../ocp/run.ts";
import { asCount, asObject, asObjects, asText } from "../parsers/json.ts";
import { metric } from "./capture.ts";
import { selfTestMetrics } from "./self-tests.ts";
import type { SmartDocument } from "./smart.ts";

/**
 * The attributes whose raw value is a count of what went wrong, by number and by the name that smartctl's database
 * gives them: a vendor may use the same number for something else. Not among them: 1 and 7, whose raw values are rates
 * packed into bits, and 188, which counts on many sound drives.
 */
const COUNTERS = [
  { id: 5, named: /realloc/i, name: "smart.reallocated_sectors" },
  { id: 10, named: /spin.?retry/i, name: "smart.spin_retries" },
  { id: 184, named: /end.?to.?end/i, name: "smart.end_to_end_errors" },
  { id: 187, named: /uncorrect/i, name: "smart.reported_uncorrectable" },
  { id: 196, named: /realloc/i, name: "smart.reallocation_events" },
  { id: 197, named: /pending/i, name: "smart.pending_sectors" },
  { id: 198, named: /uncorrect/i, name: "smart.offline_uncorrectable" },
  { id: 199, named: /crc/i, name: "smart.crc_errors" },
];

/** Some drives keep more than a count in the six raw bytes; the count is in the lower four. */
const COUNT_RANGE = 2 ** 32;

interface Attribute {
  id: number;
  name: string;
  raw: number | undefined;
  whenFailed: string;
  prefailure: boolean;
}

/** What an ATA drive tells; nothing of any other. */
export function ataMetrics(document: SmartDocument): Measurement[] {
  const log = asObject(document["ata_smart_attributes"]);
  const attributes = log ? asObjects(log["table"]).flatMap(attributeOf) : [];
  return [
    ...(attributes.length > 0 ? attributeMetrics(attributes) : []),
    ...metric("smart.error_log_entries", errorCount(document)),
    ...selfTestMetrics(selfTestsOf(document)),
  ];
}

function attributeOf(entry: Record<string, unknown>): Attribute[] {
  const id = asCount(entry["id"]);
  if (id === undefined) return [];
  return [
    {
      id,
      name: asText(entry["name"]) ?? "",
      raw: asCount(asObject(entry["raw"])?.["value"]),
      whenFailed: asText(entry["when_failed"]) ?? "",
      prefailure: asObject(entry["flags"])?.["prefailure"] === true,
    },
  ];
}

function attributeMetrics(attributes: readonly Attribute[]): Measurement[] {
  const failing = attributes.filter(({ whenFailed }) => /now/i.test(whenFailed));
  const counters = COUNTERS.flatMap(({ id, named, name }) => {
    const raw = attributes.find((attribute) => attribute.id === id && named.test(attribute.name))?.raw;
    return metric(name, raw === undefined ? undefined : raw % COUNT_RANGE);
  });
  return [
    ...metric("smart.failing_attributes", failing.filter(({ prefailure }) => prefailure).length),
    ...metric("smart.worn_attributes", failing.filter(({ prefailure }) => !prefailure).length),
    ...metric("smart.once_failed_attributes", attributes.filter(({ whenFailed }) => /past/i.test(whenFailed)).length),
    ...counters,
  ];
}

/** The extended log has room for more than the summary, which counts the same errors. */
function errorCount(document: SmartDocument): number | undefined {
  const log = asObject(document["ata_smart_error_log"]);
  const counts = ["extended", "summary"].map((kind) => asCount(asObject(log?.[kind])?.["count"]));
  return counts.find((count) => count !== undefined);
}

/** Whether each self-test that ran to an end failed, the newest first. */
function selfTestsOf(document: SmartDocument): boolean[] | undefined {
  const log = asObject(document["ata_smart_self_test_log"]);
  const kept = ["extended", "standard"].map((kind) => asObject(log?.[kind])).find((kind) => kind !== undefined);
  if (!kept) return undefined;
  return asObjects(kept["table"]).flatMap((test) => {
    const passed = asObject(test["status"])?.["passed"];
    return typeof passed === "boolean" ? [!passed] : [];
  });
}
