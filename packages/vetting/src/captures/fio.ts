import type { Measurement } from "../ocp/run.ts";
import { asCount, asObject, asObjects, asText } from "../parsers/json.ts";
import { type Capture, metric, unreadable } from "./capture.ts";
import { jsonDocuments } from "./json-documents.ts";

type Fields = Record<string, unknown>;

/**
 * Errors of Linux that speak about the drive: EIO, ENXIO, ENODEV, ENODATA (what NVMe answers for an unreadable block),
 * EILSEQ (fio: the data is not what was written), ETIMEDOUT and EREMOTEIO. Any other says that fio could not do its part.
 */
const DRIVE_ERRORS = new Set([5, 6, 19, 61, 84, 110, 121]);

/** A run that ends this much before its time was stopped. */
const COMPLETE_SHARE = 0.95;

/**
 * Reads what `fio --output-format=json` or `json+` wrote, also to the file of `--output`, where warnings stand before
 * it. With `--status-interval` there are several documents; the last one counts. fio's exit code is not asked: with
 * `continue_on_error=verify` it is 0 over corrupted data.
 */
export function readFio(text: string): Capture {
  const document = jsonDocuments(text).findLast((each) => "fio version" in each);
  // Of several machines, fio tells each job and then "All clients", which are the same jobs again.
  const clients = asObjects(document?.["client_stats"]).filter(({ jobname }) => jobname !== "All clients");
  const jobs = [...asObjects(document?.["jobs"]), ...clients];
  if (!document || jobs.length === 0) return unreadable("this is not the JSON of fio, or it is cut off");
  const options = asObject(document["global options"]) ?? {};
  return {
    measurements: [
      ...metric("storage.errors", sum(jobs.map(errorsOf))),
      ...directionMetrics("read", jobs),
      ...directionMetrics("write", jobs),
    ],
    problems: [...stoppedBy(text), ...nothingMoved(jobs), ...jobs.flatMap((job) => problemsOf(job, options))],
    notes: [],
  };
}

/** Jobs that met an error of the drive, each counted as often as fio did. */
function errorsOf(job: Fields): number {
  const counted = asCount(job["total_err"]) ?? 0;
  const error = asCount(job["error"]) ?? 0;
  return DRIVE_ERRORS.has(error) ? Math.max(1, counted) : error === 0 ? counted : 0;
}

function problemsOf(job: Fields, global: Fields): string[] {
  const name = asText(job["jobname"]) ?? "a job";
  const error = asCount(job["error"]) ?? 0;
  const failed = error !== 0 && !DRIVE_ERRORS.has(error) ? [`job ${name} could not do its work: error ${error}`] : [];
  return [...failed, ...(error === 0 ? cutShort(name, job, { ...global, ...asObject(job["job options"]) }) : [])];
}

/** A job ends by its time, or when it has been through its size, unless it is to go on until its time. */
function cutShort(name: string, job: Fields, options: Fields): string[] {
  const wantedMs = seconds(options["runtime"]) * 1000;
  const ranMs = asCount(job["job_runtime"]) ?? 0;
  const size = bytes(options["io_size"] ?? options["size"]);
  const moved = sum([bytesOf(job, "read"), bytesOf(job, "write"), bytesOf(job, "trim")]);
  const isTimeBased = "time_based" in options && options["time_based"] !== "0";
  if (wantedMs > 0 && ranMs >= wantedMs * COMPLETE_SHARE) return [];
  if (wantedMs > 0 && (isTimeBased || (size > 0 && moved % size !== 0))) {
    return [`job ${name} ran for ${ranMs / 1000} s of ${wantedMs / 1000} s: it was stopped`];
  }
  const isLimited = ["number_ios", "verify_only", "read_iolog"].some((option) => option in options);
  if (wantedMs === 0 && size > 0 && moved < size * COMPLETE_SHARE && !isLimited) {
    return [`job ${name} moved ${moved} bytes of ${size}: it was stopped`];
  }
  return [];
}

function nothingMoved(jobs: readonly Fields[]): string[] {
  const moved = jobs.some((job) => bytesOf(job, "read") + bytesOf(job, "write") > 0);
  return moved ? [] : ["nothing was read or written"];
}

function stoppedBy(text: string): string[] {
  const signal = /^fio: terminating on signal (\d{1,2})$/m.exec(text)?.[1];
  return signal === undefined ? [] : [`fio was stopped by signal ${signal}`];
}

/** Sums over jobs, which run side by side; the slowest of their latencies. */
function directionMetrics(direction: "read" | "write", jobs: readonly Fields[]): Measurement[] {
  // With verify_only, fio tells bytes that it did not write, in no time.
  const all = jobs.map((job) => asObject(job[direction]));
  const active = all.filter((each) => each !== undefined).filter((each) => bandwidth(each) > 0);
  if (active.length === 0) return [];
  const percentile = (name: string): number | undefined =>
    slowest(active.map((each) => asObject(asObject(each["clat_ns"])?.["percentile"])?.[name]));
  return [
    ...metric(`storage.${direction}_bytes`, sum(active.map((each) => asCount(each["io_bytes"]) ?? 0)), "B"),
    ...metric(`storage.${direction}_bytes_per_second`, sum(active.map(bandwidth)), "B/s"),
    ...metric(`storage.${direction}_iops`, Math.round(sum(active.map((each) => number(each["iops"])))), "1/s"),
    ...metric(`storage.${direction}_latency_p99`, percentile("99.000000"), "µs"),
    ...metric(`storage.${direction}_latency_p999`, percentile("99.900000"), "µs"),
    ...metric(
      `storage.${direction}_latency_max`,
      slowest(active.map((each) => asObject(each["clat_ns"])?.["max"])),
      "µs",
    ),
  ];
}

/** The longest of several times in nanoseconds, in microseconds; undefined where fio told none. */
function slowest(timesNs: readonly unknown[]): number | undefined {
  const known = timesNs.flatMap((time) => asCount(time) ?? []);
  return known.length === 0 ? undefined : Math.max(...known) / 1000;
}

/** `bw_bytes` came with fio 3; `bw` is in KiB/s. */
function bandwidth(direction: Fields): number {
  return asCount(direction["bw_bytes"]) ?? number(direction["bw"]) * 1024;
}

function bytesOf(job: Fields, direction: "read" | "write" | "trim"): number {
  return asCount(asObject(job[direction])?.["io_bytes"]) ?? 0;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A size as fio reads it, such as `64M`; 0 for none, and for one that depends on the device. */
function bytes(value: unknown): number {
  const [, digits, unit = ""] = /^(\d{1,15})([kmgt]?)i?b?$/i.exec(asText(value) ?? "") ?? [];
  return digits === undefined ? 0 : Number(digits) * (UNITS[unit.toLowerCase()] ?? 0);
}

const SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** A duration as fio reads it, such as `30` or `10m`; 0 for none. */
function seconds(value: unknown): number {
  const [, digits, unit = ""] = /^(\d{1,9})([smhd]?)$/i.exec(asText(value) ?? "") ?? [];
  return digits === undefined ? 0 : Number(digits) * (SECONDS[unit.toLowerCase()] ?? 0);
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
