import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import type { ProcessOptions } from "./supervise.ts";
import type { PipeReader } from "./pipe-reader.ts";
import { takePipes } from "./pipes.ts";

/** The writing ends of the pipes for the outputs; `fd3` where there is such an output. */
interface OutputFds {
  stdout: number;
  stderr: number;
  fd3: number | "ignore";
}

/** What to start. */
export interface SpawnOptions extends Pick<ProcessOptions, "file" | "args" | "cwd" | "env" | "outputs"> {
  /** Which descriptors the process gets. */
  stdio: (outputs: OutputFds) => StdioOptions;
}

/** A process that was started. */
export interface Spawned {
  child: ChildProcess;
  /** Leads a process group of its own, with its own id. */
  pid: number;
  /** Its outputs, in the order of `ProcessOptions.outputs`. */
  sources: readonly PipeReader[];
}

/** Starts a process in a group of its own, with only the environment named. */
export async function spawnGroup(options: SpawnOptions): Promise<Spawned | { kind: "not_started"; message: string }> {
  const { file, args, cwd, env, outputs, stdio } = options;
  const pipes = await takePipes(outputs.fd3 ? 3 : 2);
  const [stdout, stderr, fd3] = pipes.map(({ writeFd }) => writeFd) as [number, number, number?];
  const child = spawn(file, args, { cwd, env, detached: true, stdio: stdio({ stdout, stderr, fd3: fd3 ?? "ignore" }) });
  const { pid } = child;
  if (pid !== undefined) return { child, pid, sources: pipes.map((pipe) => pipe.handOver()) };
  for (const pipe of pipes) pipe.discard();
  const [error] = (await once(child, "error")) as [Error];
  return { kind: "not_started", message: await messageOf(error, cwd) };
}

// Node blames the program for a folder that is not there.
async function messageOf({ message }: Error, cwd: string): Promise<string> {
  const isThere = await stat(cwd)
    .then((stats) => stats.isDirectory())
    .catch(() => false);
  return isThere ? message : `the folder ${cwd} is not there`;
}
