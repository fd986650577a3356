import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PipeReader } from "./pipe-reader.ts";

/**
 * A pipe of the kernel, from a process to this one. Those that Node makes are sockets, which nobody can open a second
 * time: on them a script that writes to /dev/stderr fails with "No such device or address".
 */
export interface Pipe {
  /** What the process writes to. Ours until `handOver` or `discard`. */
  writeFd: number;
  /** Once a process has it: what it writes, until it and all who inherited the pipe have closed it. */
  handOver(): PipeReader;
  /** Closes both ends, where no process got it. */
  discard(): void;
}

// Node has no call for a pipe, so named ones are made, and their names removed at once. To start `mkfifo` takes longer
// than all else that is done here, so it makes some in advance. It is found even where PATH holds an agent's tools alone.
const MADE_AT_ONCE = 16;

const run = promisify(execFile);
const spare: Pipe[] = [];

/** As many pipes as asked for. Throws when none can be made. */
export async function takePipes(count: number): Promise<Pipe[]> {
  while (spare.length < count) spare.push(...(await makePipes(MADE_AT_ONCE)));
  return spare.splice(0, count);
}

async function makePipes(count: number): Promise<Pipe[]> {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-pipes-"));
  try {
    const paths = Array.from({ length: count }, (_, index) => join(folder, String(index)));
    await run("mkfifo", ["-m", "600", ...paths], { env: { PATH: `${process.env["PATH"] ?? ""}:/usr/bin:/bin` } });
    return paths.map(openPipe);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function openPipe(path: string): Pipe {
  // Without O_NONBLOCK it waits for a writer. The writing end must do without: a process does not expect it.
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY);
  return {
    writeFd,
    handOver: () => {
      closeSync(writeFd);
      return new PipeReader(readFd);
    },
    discard: () => [readFd, writeFd].forEach((fd) => closeSync(fd)),
  };
}
