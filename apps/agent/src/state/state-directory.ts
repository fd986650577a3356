import { access, constants, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ExitCode, FatalError } from "../exit.ts";
import { lockDirectory, type DirectoryLock } from "./directory-lock.ts";

/** The folder where an agent keeps what must outlive its process. Only one process at a time has it. */
export interface StateDirectory {
  readonly path: string;
  /** The agent's identity and credential: a file. */
  readonly identityFile: string;
  /** A journal of each workflow held: a folder. */
  readonly held: string;
  /** Logs not yet acknowledged: a folder. */
  readonly spool: string;
  /** Workspaces: a folder, emptied at each start. */
  readonly work: string;
  /** Evidence of the stages of the vetting run that this machine has, until it is reported: a folder. */
  readonly vetting: string;
  /** Workspaces that the operator asked to keep: a folder that is left alone. */
  readonly kept: string;
  /** Lets another process have it. */
  close(): Promise<void>;
}

/** Makes, checks and locks the folder. Throws a FatalError that says what to do when it cannot be used. */
export async function openStateDirectory(path: string): Promise<StateDirectory> {
  const folders = {
    held: join(path, "held"),
    spool: join(path, "spool"),
    work: join(path, "work"),
    vetting: join(path, "vetting"),
    kept: join(path, "kept"),
  };
  try {
    for (const folder of [path, ...Object.values(folders)]) await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const next = "make it writable for this user, or name another with --state-dir";
    throw new FatalError(ExitCode.BAD_SETTINGS, `the state directory ${path} cannot be used: ${why}; ${next}`);
  }
  const lock: DirectoryLock = await lockDirectory(path);
  return { path, identityFile: join(path, "identity.json"), ...folders, close: () => lock.release() };
}
