import { readFile, stat } from "node:fs/promises";
import { ExitCode } from "./exit-codes.ts";
import { Failure, usage } from "./failure.ts";

/** The longest file the server takes: 1 MiB, as operator.proto says of PipelineFile. */
const MAX_FILE_BYTES = 1 << 20;

/** Reads a text file that a command names. `name` is the path as the user wrote it. */
export async function readTextFile(path: string, name: string, maxBytes = MAX_FILE_BYTES): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw usage(`${name} has ${size} bytes; at most ${maxBytes} are allowed`);
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unreadable(name, error);
  }
}

function unreadable(name: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  const exitCode = ExitCode.usage;
  if (code === "ENOENT")
    return new Failure(`${name} does not exist`, { exitCode, next: "check the path", cause: error });
  const why = code === "EISDIR" ? "it is a folder" : message;
  return new Failure(`cannot read ${name}`, { exitCode, why, cause: error });
}
