import { writeFile } from "node:fs/promises";
import { type Iperf3Run, type NetworkParameters, readIperf3Run, type Reflector } from "@groundcrew/vetting";
import { execa } from "execa";
import { setTimeout as delay } from "node:timers/promises";
import { toolOptions } from "../tool.ts";

/** How long a reflector may take to answer, in milliseconds. */
const CONNECT_TIMEOUT_MS = 3000;
/** How long iperf3 may take beyond its test. */
const GRACE_MS = 30_000;
/** A reflector serves one test at a time, and one that was just started may not listen yet. */
const RETRY_MS = 1000;

/** Which way the data goes, as seen from this machine. */
export type Way = "forward" | "reverse" | "udp";

/** One test: its way, and the round it belongs to, from 1. */
export interface Test {
  way: Way;
  round: number;
}

/** What a test needs to know. */
export interface TestOptions {
  reflector: Reflector;
  parameters: NetworkParameters;
  signal: AbortSignal;
}

/** Runs one test, again while the reflector is busy, and keeps what iperf3 wrote. Throws only when the signal aborts. */
export async function runIperf3(test: Test, options: TestOptions): Promise<{ run: Iperf3Run; file: string }> {
  const file = `iperf3-${test.way}-${test.round}.json`;
  const { wait_seconds: waitSeconds } = options.parameters;
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const text = await once(test, options);
    const run = readIperf3Run(text);
    if (run.isBusy && waitedMs < waitSeconds * 1000) {
      await delay(RETRY_MS, undefined, { signal: options.signal });
      continue;
    }
    await writeFile(file, text);
    return { run, file };
  }
}

async function once({ way }: Test, { reflector, parameters, signal }: TestOptions): Promise<string> {
  const { seconds, omit_seconds: omit, streams, udp_bits_per_second: rate } = parameters;
  const to = ["-c", reflector.host, "-p", String(reflector.port), "--connect-timeout", String(CONNECT_TIMEOUT_MS)];
  const how = ["-t", String(seconds), "-O", String(omit), "-P", String(streams), "-J"];
  const timeout = (seconds + omit) * 1000 + GRACE_MS;
  const { stdout } = await execa("iperf3", [...to, ...how, ...directionOf(way, rate)], {
    ...toolOptions(signal),
    timeout,
  });
  signal.throwIfAborted();
  return stdout;
}

function directionOf(way: Way, rate: number): string[] {
  switch (way) {
    case "forward":
      return [];
    case "reverse":
      return ["-R"];
    case "udp":
      return ["-u", "-b", String(rate)];
    default:
      throw new Error(`unknown way ${String(way satisfies never)}`);
  }
}
