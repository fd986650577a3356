import { type Capture } from "../captures/capture.ts";
import { readIperf3 } from "../captures/iperf3.ts";
import { asCount, asObject, asObjects, asText, parseJson } from "../parsers/json.ts";

type Fields = Record<string, unknown>;

/** One test of `iperf3 -J` as a client, and what it tells of why it was no faster. What it does not tell is absent. */
export interface Iperf3Run {
  capture: Capture;
  /** What the client and the other side spent on it, in percent of one core. */
  ownCpuPercent?: number;
  reflectorCpuPercent?: number;
  /** The share of what was sent that was sent again, about: by TCP's segment size. */
  retransmitShare?: number;
  /** The slowest interval by the median one, without those at the start that were to be left out. */
  dip?: number;
  /** The address that it went out from. */
  localHost?: string;
  /** True: nothing was measured because the other side had another test, or did not answer. Worth another try. */
  isBusy: boolean;
}

/** iperf3's words where another try may help: of a server in use, and of one that does not listen yet. */
const BUSY = /server is busy|unable to connect|Connection refused|timed out/i;

/** Reads a client's output. Takes any text. */
export function readIperf3Run(text: string): Iperf3Run {
  const document = asObject(parseJson(text)) ?? {};
  const [start, end] = [asObject(document["start"]) ?? {}, asObject(document["end"]) ?? {}];
  const cpu = asObject(end["cpu_utilization_percent"]) ?? {};
  const localHost = asText(asObjects(start["connected"])[0]?.["local_host"]);
  const known = {
    ownCpuPercent: amount(cpu["host_total"]),
    reflectorCpuPercent: amount(cpu["remote_total"]),
    retransmitShare: retransmitShare(start, asObject(end["sum_sent"]) ?? {}),
    dip: dipOf(asObjects(document["intervals"])),
  };
  const told = Object.entries(known).filter(([, value]) => value !== undefined);
  return {
    capture: readIperf3(text),
    ...Object.fromEntries(told),
    ...(localHost !== undefined && { localHost }),
    isBusy: BUSY.test(asText(document["error"]) ?? ""),
  };
}

function retransmitShare(start: Fields, sent: Fields): number | undefined {
  const [segment, count, bytes] = [start["tcp_mss_default"], sent["retransmits"], sent["bytes"]].map(asCount);
  if (segment === undefined || count === undefined || !bytes) return undefined;
  return (count * segment) / bytes;
}

function dipOf(intervals: readonly Fields[]): number | undefined {
  const sums = intervals.map((interval) => asObject(interval["sum"]) ?? {});
  const rates = sums.filter((sum) => sum["omitted"] !== true).flatMap((sum) => amount(sum["bits_per_second"]) ?? []);
  const median = rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)];
  return median === undefined || median === 0 ? undefined : Math.min(...rates) / median;
}

function amount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
