import { DatabaseSync } from "node:sqlite";
import { PostgresError } from "./postgres-error.ts";

/** The right to use a data directory, until released or until this process ends, however it ends. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock of a data directory, beside it in `DIR.lock`. Throws `locked`, naming the process that holds it.
 *
 * Node has no flock. SQLite's lock is one that the kernel drops with the process, so that nothing stale is ever left
 * to be told from a live holder; and it lets others read, so that the file can name the holder.
 */
export function lock(dataDir: string): Lock {
  const file = open(`${dataDir}.lock`);
  try {
    file.exec(`pragma user_version = ${process.pid}; begin immediate`);
    return { release: () => file.isOpen && file.close() };
  } catch (error) {
    const holder = readHolder(file);
    file.close();
    throw new PostgresError(
      "locked",
      `${dataDir} is in use by process ${holder}: stop that process, or choose another data directory`,
      { cause: error },
    );
  }
}

function open(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path);
  } catch (error) {
    const message = `${path} cannot be written: run as its owner, or choose another data directory`;
    throw new PostgresError("closed_directory", message, { cause: error });
  }
}

function readHolder(file: DatabaseSync): string {
  const row = file.prepare("pragma user_version").get();
  return String(row?.["user_version"] ?? "unknown");
}
