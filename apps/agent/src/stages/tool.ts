import process from "node:process";
import { execa, type Result } from "execa";
import { toolPath } from "./tool-path.ts";

/** The Debian package that has each tool. */
const PACKAGES = {
  dcgmi: "none: NVIDIA's datacenter-gpu-manager",
  dmidecode: "dmidecode",
  ethtool: "ethtool",
  fio: "fio",
  fwupdmgr: "fwupd",
  ip: "iproute2",
  iperf3: "iperf3",
  ipmitool: "ipmitool",
  lsblk: "util-linux",
  lscpu: "util-linux",
  lshw: "lshw",
  lspci: "pciutils",
  nvme: "nvme-cli",
  "nvidia-smi": "nvidia-smi, of non-free",
  smartctl: "smartmontools",
  "stress-ng": "stress-ng",
  stressapptest: "stressapptest",
  wipefs: "util-linux",
} as const;

export type ToolName = keyof typeof PACKAGES;

/** A tool that only tells about the machine answers at once; one that does not is stuck in the kernel. */
const TIMEOUT_MS = 20_000;
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;
/** From asking a tool to stop until it is killed. */
const KILL_AFTER_MS = 2000;

/** What a tool wrote, and, when it could not be run or complained, why that may be too little. */
export interface ToolOutput {
  stdout: string;
  failure?: string;
  /** Absent: it did not end by itself. */
  exitCode?: number;
  /** True: it is not installed. */
  missing: boolean;
}

/** Options of every tool's process: no terminal, no shell, the C locale, stopped by the signal. Never rejects. */
export function toolOptions(signal: AbortSignal) {
  return {
    cancelSignal: signal,
    forceKillAfterDelay: KILL_AFTER_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
    reject: false,
    stdin: "ignore",
    stripFinalNewline: false,
    env: { PATH: toolPath(process.env["PATH"] ?? "/usr/bin:/bin"), LC_ALL: "C.UTF-8" },
  } as const;
}

/** Runs a tool to its end. `timeoutMs` default: 20 s. Throws only when the signal aborts. */
export async function runTool(
  name: ToolName,
  args: readonly string[],
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<ToolOutput> {
  const result = await execa(name, args, { ...toolOptions(signal), timeout: timeoutMs });
  signal.throwIfAborted();
  if (result.code === "ENOENT") return { stdout: "", failure: missing(name), missing: true };
  if (!result.failed) return { stdout: result.stdout, missing: false };
  const complaint = result.stderr.trim().split("\n")[0] ?? "";
  const failure = `${name} ${howFailed(result, timeoutMs)}${complaint === "" ? "" : `: ${complaint}`}`;
  const exitCode = result.exitCode === undefined ? {} : { exitCode: result.exitCode };
  return { stdout: result.stdout, failure, ...exitCode, missing: false };
}

/** A tool's version, or why there is none. */
export type ToolVersion = { version: string } | { failure: string; missing: boolean };

/** Asks a tool for its version, which also shows that it can be run. */
export async function versionOf(name: ToolName, signal: AbortSignal): Promise<ToolVersion> {
  const output = await runTool(name, [name === "ip" ? "-V" : "--version"], signal);
  const version = /\d+(?:\.\d+)+[\w.-]*/.exec(output.stdout)?.[0];
  if (version !== undefined) return { version };
  return { failure: output.failure ?? `${name} does not tell its version`, missing: output.missing };
}

function missing(name: ToolName): string {
  return `${name} is not installed (Debian package ${PACKAGES[name]})`;
}

function howFailed(result: Pick<Result, "timedOut" | "exitCode" | "signal">, timeoutMs: number): string {
  if (result.timedOut) return `did not answer within ${timeoutMs / 1000} s`;
  if (result.exitCode !== undefined) return `ended with exit code ${result.exitCode}`;
  return result.signal === undefined ? "could not be run" : `was killed by ${result.signal}`;
}
