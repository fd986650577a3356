import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ConnectError } from "@groundcrew/rpc";
import { ExitCode } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import type { Operator, Session } from "./session.ts";

/** Writes a vetting run's report into a file, whole or not at all, or to standard output. */
export async function saveReport(session: Session, operator: Operator, id: string, output?: string): Promise<void> {
  const { stdout, cwd, signal } = session.io;
  const parts = reportParts(operator, id, signal);
  const name = output ?? (stdout.isTty ? `vetting-${id}.html` : "-");
  if (name === "-") {
    for await (const part of parts) {
      stdout.write(part);
      await stdout.drained();
    }
    return;
  }
  const path = resolve(cwd, name);
  await writeWhole(path, parts);
  session.note(`The report is in ${path}`);
}

async function* reportParts(operator: Operator, id: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const { data } of operator.getVettingReport({ id }, { signal })) yield data;
}

async function writeWhole(path: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.part`;
  try {
    await pipeline(Readable.from(parts, { objectMode: false }), createWriteStream(temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof ConnectError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(`cannot write ${path}`, { exitCode: ExitCode.failure, why, cause: error });
  }
}
