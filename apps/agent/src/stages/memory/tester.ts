import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { type MemoryParameters, parseStressapptest, parseStressNgLog, parseStressNgYaml } from "@groundcrew/vetting";
import { execa } from "execa";
import { type ToolName, toolOptions } from "../tool.ts";
import { mostResident } from "./resident.ts";

/** After so many errors more of them say nothing new. */
const ERRORS_MAX = 100;
/** What a tool may take beyond its time to start and sum up, and to fill memory: at least 1 GiB in 2 s. */
const GRACE_MS = 60_000;
const FILL_MS_PER_MEBIBYTE = 2;

/** What one test of memory measured. Absent: the tool did not say. */
export interface MemoryTest {
  errors?: number;
  ranSeconds?: number;
  bytesPerSecond?: number;
  /** What was really held at once. */
  residentBytes: number;
  /** Lines about wrong data. */
  details: string[];
  /** Why it is no sound test, if so. */
  troubles: string[];
  files: { name: string; contentType: string }[];
}

/** What a test needs to know. */
export interface MemoryTestOptions {
  parameters: MemoryParameters;
  mebibytes: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

/** Tests memory with stressapptest. Throws only when the signal aborts. */
export async function runStressapptest(options: MemoryTestOptions): Promise<MemoryTest> {
  const { parameters, mebibytes } = options;
  const { seconds, cpu_threads, pause_delay_seconds } = parameters;
  const args = ["-s", seconds, "-M", mebibytes, "-m", availableParallelism(), "-C", cpu_threads, "-W"];
  const pauses = pause_delay_seconds === undefined ? [] : ["--pause_delay", pause_delay_seconds];
  const limit = ["--max_errors", ERRORS_MAX];
  const { log, trouble, residentBytes } = await run(
    options,
    "stressapptest",
    [...args, ...pauses, ...limit].map(String),
  );
  await writeFile("stressapptest.log", log);
  const found = parseStressapptest(log);
  return {
    ...(found.incidents !== undefined && { errors: found.incidents }),
    ...(found.ranSeconds !== undefined && { ranSeconds: found.ranSeconds }),
    ...(found.mebibytesPerSecond !== undefined && { bytesPerSecond: found.mebibytesPerSecond * 1024 * 1024 }),
    residentBytes,
    details: found.details,
    // It exits with 1 for errors of the memory too, which are no trouble.
    troubles: [...found.troubles, ...(found.ranSeconds === undefined ? trouble : [])],
    files: [{ name: "stressapptest.log", contentType: "text/plain" }],
  };
}

/** Tests memory with stress-ng, one process a CPU. Throws only when the signal aborts. */
export async function runStressNgVm(options: MemoryTestOptions): Promise<MemoryTest> {
  const processes = availableParallelism();
  const each = Math.max(1, Math.floor(options.mebibytes / processes));
  const vm = ["--vm", processes, "--vm-bytes", `${each}m`, "--vm-method", "all", "--vm-keep", "--verify", "--oomable"];
  const rest = ["--metrics", "--timeout", `${options.parameters.seconds}s`, "--yaml", "stress-ng-vm.yaml"];
  const { log, trouble, residentBytes } = await run(options, "stress-ng", [...vm, ...rest].map(String));
  await writeFile("stress-ng-vm.log", log);
  const yaml = await readFile("stress-ng-vm.yaml", "utf8").catch(() => undefined);
  const metrics = parseStressNgYaml(yaml ?? "", "vm");
  const { failures } = parseStressNgLog(log);
  const idle = metrics !== undefined && metrics.bogoOps === 0 ? ["stress-ng did not come to test anything"] : [];
  return {
    ...(metrics !== undefined &&
      idle.length === 0 && { errors: failures.length, ranSeconds: metrics.wallClockSeconds }),
    residentBytes,
    details: failures.slice(0, ERRORS_MAX),
    troubles: [...idle, ...(failures.length === 0 ? trouble : [])],
    files: [
      { name: "stress-ng-vm.log", contentType: "text/plain" },
      ...(yaml === undefined ? [] : [{ name: "stress-ng-vm.yaml", contentType: "application/yaml" }]),
    ],
  };
}

async function run({ parameters, mebibytes, signal, say }: MemoryTestOptions, tool: ToolName, args: string[]) {
  const timeout = parameters.seconds * 1000 + GRACE_MS + mebibytes * FILL_MS_PER_MEBIBYTE;
  const child = execa(tool, args, { ...toolOptions(signal), timeout, all: true });
  say(`${tool} runs as process ${child.pid ?? "?"}`);
  createInterface({ input: child.all }).on("line", say);
  const done = new AbortController();
  const resident = mostResident(child.pid ?? 0, done.signal);
  const result = await child;
  done.abort();
  const residentBytes = await resident;
  signal.throwIfAborted();
  return {
    log: result.all,
    trouble: result.failed ? [`${tool}: ${result.shortMessage ?? "failed"}`] : [],
    residentBytes,
  };
}
