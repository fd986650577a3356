import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import {
  type CpuStressParameters,
  parseStressNgLog,
  parseStressNgYaml,
  type StressNgMetrics,
} from "@groundcrew/vetting";
import { execa } from "execa";
import { toolOptions } from "../tool.ts";
import { loadBetween, readLoad } from "./load.ts";

/** How long stress-ng may take to start and to sum up, beyond the time it works. */
const GRACE_MS = 30_000;

/** One run of stress-ng. */
export interface Segment {
  /** What it measured. Absent: it left nothing that can be read. */
  metrics?: StressNgMetrics;
  instances?: number;
  failures: string[];
  busyShare?: number;
  /** The same for each package, by its number. Empty where the kernel does not tell. */
  packages: Record<string, number>;
  /** How its process ended, when not with exit code 0. Never decides for the good. */
  trouble?: string;
  files: { name: string; contentType: string }[];
}

/** What one run needs to know. */
export interface SegmentOptions {
  parameters: CpuStressParameters;
  /** From 1. */
  number: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** Runs stress-ng once on every CPU that is online, and keeps what it wrote. Throws only when the signal aborts. */
export async function runSegment(options: SegmentOptions): Promise<Segment> {
  const yamlFile = `segment-${options.number}.yaml`;
  const logFile = `segment-${options.number}.log`;
  const before = await readLoad();
  const { log, trouble } = await runStressNg(options, yamlFile);
  const after = await readLoad();
  options.signal.throwIfAborted();
  await writeFile(logFile, log);
  const yaml = await readFile(yamlFile, "utf8").catch(() => undefined);
  const metrics = parseStressNgYaml(yaml ?? "");
  const { busy, packages } = loadBetween(before, after);
  return {
    ...parseStressNgLog(log),
    ...(metrics === undefined ? {} : { metrics }),
    ...(busy === undefined ? {} : { busyShare: busy }),
    packages,
    ...(trouble === undefined ? {} : { trouble }),
    files: [
      { name: logFile, contentType: "text/plain" },
      ...(yaml === undefined ? [] : [{ name: yamlFile, contentType: "application/yaml" }]),
    ],
  };
}

async function runStressNg({ parameters, signal, say }: SegmentOptions, yamlFile: string) {
  const { segment_seconds: seconds, method } = parameters;
  const args = ["--cpu", "0", "--cpu-method", method, "--verify", "--metrics", "--timeout", `${seconds}s`];
  const timeout = seconds * 1000 + GRACE_MS;
  const child = execa("stress-ng", [...args, "--yaml", yamlFile], { ...toolOptions(signal), timeout });
  say(`stress-ng runs as process ${child.pid ?? "?"}`);
  createInterface({ input: child.stderr }).on("line", say);
  const result = await child;
  if (!result.failed) return { log: result.stderr };
  return { log: result.stderr, trouble: `stress-ng: ${result.shortMessage ?? "failed"}` };
}
