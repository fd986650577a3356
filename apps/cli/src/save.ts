import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ConnectError } from "@groundcrew/rpc";
import { ExitCode } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import type { Session } from "./session.ts";

/** What to save, and where. */
export interface Saving {
  parts: AsyncIterable<Uint8Array>;
  /** The file; "-" is standard output. Default: `defaultName` on a terminal, else standard output. */
  output: string | undefined;
  defaultName: string;
  /** For people, such as "report". */
  what: string;
}

/** Writes a download into a file, whole or not at all, or to standard output. */
export async function save(session: Session, { parts, output, defaultName, what }: Saving): Promise<void> {
  const { stdout, cwd } = session.io;
  const name = output ?? (stdout.isTty ? defaultName : "-");
  if (name === "-") {
    for await (const part of parts) {
      stdout.write(part);
      await stdout.drained();
    }
    return;
  }
  const path = resolve(cwd, name);
  await writeWhole(path, parts);
  session.note(`The ${what} is in ${path}`);
}

/**
 * Writes a download into a file, which appears whole or not at all: not when the parts end in an error. What the file
 * system refuses is a {@link Failure}.
 */
export async function writeWhole(path: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.part`;
  try {
    await pipeline(Readable.from(parts, { objectMode: false }), createWriteStream(temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof ConnectError || error instanceof Failure) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(`cannot write ${path}`, { exitCode: ExitCode.failure, why, cause: error });
  }
}
