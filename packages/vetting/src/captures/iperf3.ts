import type { Measurement } from "../ocp/run.ts";
import { asCount, asObject, asObjects, asText, parseJson } from "../parsers/json.ts";
import { type Capture, metric, unreadable } from "./capture.ts";
import { jsonDocuments } from "./json-documents.ts";

type Fields = Record<string, unknown>;

/** A test that ends this much before its time was stopped. */
const COMPLETE_SHARE = 0.95;

/**
 * Reads what `iperf3 -J` wrote, of a client or a server, one way, in reverse or both ways, by TCP or UDP.
 *
 * Its exit code is not asked: with a refused connection or a busy server, version 3.12 exits with 0. Both are problems
 * of the test and say nothing about the link.
 */
export function readIperf3(text: string): Capture {
  const document = documentOf(text);
  const start = asObject(document?.["start"]);
  if (!document || !start) return unreadable("this is not the JSON that `iperf3 -J` writes, or it is cut off");
  const error = asText(document["error"]);
  if (error !== undefined) return unreadable(`iperf3: ${error}`);
  const end = asObject(document["end"]);
  const test = asObject(start["test_start"]);
  if (!end || !test) return unreadable("iperf3 did not get to the end of its test");
  return {
    measurements: [...throughput(end, "accepted_connection" in start), ...quality(end)],
    problems: cutShort(end, test),
    notes: [],
  };
}

/**
 * The one test that a text tells of, with other lines before it; or the events of `--json-stream`, one a line. Several
 * tests in one text are several captures.
 */
function documentOf(text: string): Fields | undefined {
  const documents = jsonDocuments(text);
  if (documents.length === 1 && "start" in (documents[0] ?? {})) return documents[0];
  const events = asObjects(text.split("\n").map(parseJson));
  const data = (event: string): unknown[] => events.flatMap((each) => (each["event"] === event ? [each["data"]] : []));
  const [start, end, error] = [data("start"), data("end"), data("error")];
  if (start.length !== 1 || end.length > 1) return undefined;
  return { start: start[0], ...(end.length === 1 && { end: end[0] }), ...(error.length > 0 && { error: error[0] }) };
}

/** What arrived. A server does not know what its client received, so what it sent stands for that. */
function throughput(end: Fields, isServer: boolean): Measurement[] {
  const one = (suffix: string): number | undefined => {
    const received = bitsOf(end[`sum_received${suffix}`]) ?? arrived(asObject(end[`sum${suffix}`]));
    return isServer ? Math.max(received ?? 0, bitsOf(end[`sum_sent${suffix}`]) ?? 0) : received;
  };
  const isBoth = "sum_received_bidir_reverse" in end || "sum_bidir_reverse" in end;
  return [
    ...metric("network.bits_per_second", one(""), "bit/s"),
    ...metric("network.reverse_bits_per_second", isBoth ? one("_bidir_reverse") : undefined, "bit/s"),
  ];
}

/** Before version 3.10, a client's sum of UDP is what it sent, with the share that was lost. */
function arrived(sum: Fields | undefined): number | undefined {
  const sent = bitsOf(sum);
  return sent === undefined ? undefined : sent * (1 - Math.min(100, number(sum?.["lost_percent"]) ?? 0) / 100);
}

/** Retransmissions of TCP; what UDP lost. */
function quality(end: Fields): Measurement[] {
  const sent = asObject(end["sum_sent"]);
  const udp = asObject(end["sum"]);
  return [
    ...metric("network.retransmits", asCount(sent?.["retransmits"])),
    ...metric("network.lost_percent", number(udp?.["lost_percent"]), "%"),
    ...metric("network.jitter", number(udp?.["jitter_ms"]), "ms"),
  ];
}

/** A test has a time, or an amount of bytes or blocks. */
function cutShort(end: Fields, test: Fields): string[] {
  const wanted = number(test["duration"]) ?? 0;
  const bytes = number(test["bytes"]) ?? 0;
  const sums = asObjects(["sum_received", "sum_sent", "sum"].map((name) => end[name]));
  const ran = Math.max(0, ...sums.flatMap((sum) => number(sum["seconds"]) ?? []));
  const moved = Math.max(0, ...sums.flatMap((sum) => number(sum["bytes"]) ?? []));
  if (bytes > 0) return moved >= bytes * COMPLETE_SHARE ? [] : [`it moved ${moved} bytes of ${bytes}: it was stopped`];
  return ran >= wanted * COMPLETE_SHARE ? [] : [`the test ran for ${ran} s of ${wanted} s: it was stopped`];
}

function bitsOf(sum: unknown): number | undefined {
  return number(asObject(sum)?.["bits_per_second"]);
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
