import { readFile, rename, writeFile } from "node:fs/promises";
import process from "node:process";
import { parseBandwidthLog, readFio, type Capture } from "@groundcrew/vetting";
import { execa } from "execa";
import { toolOptions } from "../tool.ts";
import type { Phase } from "./phases.ts";

/** How long fio may take to start, to wait for what is under way and to sum up, beyond the time it works. */
const GRACE_MS = 60_000;

/** One run of fio, read. */
export interface FioRun {
  phase: Phase;
  capture: Capture;
  /** The throughput of a write over time; empty but for the phase that looks for the end of the cache. */
  throughput: ReturnType<typeof parseBandwidthLog>;
  files: { name: string; contentType: string }[];
}

/** What fio works on: a descriptor that this process has open. */
export interface FioTarget {
  fd: number;
  /** Begins the names of the files that are kept; no other target has it. */
  prefix: string;
  /** Past the page cache. */
  direct: boolean;
}

/**
 * Runs fio on what is open already: it opens no path that could have become another disk's. Keeps what it wrote.
 * Its exit code is not asked. Throws only when the signal aborts.
 */
export async function runFio({ fd, prefix, direct }: FioTarget, phase: Phase, signal: AbortSignal): Promise<FioRun> {
  const name = `${prefix}-${phase.name}`;
  const common = [
    `--filename=/proc/${process.pid}/fd/${fd}`,
    "--ioengine=libaio",
    "--iodepth=32",
    `--direct=${direct ? 1 : 0}`,
  ];
  const limit = phase.runMs === undefined ? {} : { timeout: phase.runMs + GRACE_MS };
  const args = [`--name=${phase.name}`, ...common, "--allow_file_create=0", "--fallocate=none", "--output-format=json"];
  const own = phase.args.map((arg) => arg.replace("=cliff", `=${name}`));
  const { stdout, stderr } = await execa("fio", [...args, ...own], { ...toolOptions(signal), ...limit });
  signal.throwIfAborted();
  await writeFile(`${name}.json`, stdout);
  const log = await keepBandwidthLog(name);
  return {
    phase,
    capture: judged(phase, readFio(stdout), stderr.trim().split("\n")[0] ?? ""),
    throughput: parseBandwidthLog(log ?? "", "write"),
    files: [
      { name: `${name}.json`, contentType: "application/json" },
      ...(log === undefined ? [] : [{ name: `${name}.log`, contentType: "text/csv" }]),
    ],
  };
}

/** What was read, and what else keeps it from being judged: too little of it, or what fio said on its way out. */
function judged(phase: Phase, capture: Capture, complaint: string): Capture {
  const { verifyBytes } = phase;
  const moved = (way: string) =>
    Number(capture.measurements.find(({ name }) => name === `storage.${way}_bytes`)?.value ?? 0);
  const checked = Math.min(moved("read"), moved("write"));
  const short =
    verifyBytes === undefined || checked >= verifyBytes
      ? []
      : [`${checked} of ${verifyBytes} bytes were written and read back`];
  const problems = [...capture.problems, ...short];
  return { ...capture, problems: problems.map((problem) => (complaint === "" ? problem : `${problem}; ${complaint}`)) };
}

async function keepBandwidthLog(name: string): Promise<string | undefined> {
  const written = `${name}_bw.1.log`;
  const text = await readFile(written, "utf8").catch(() => undefined);
  if (text !== undefined) await rename(written, `${name}.log`);
  return text;
}
