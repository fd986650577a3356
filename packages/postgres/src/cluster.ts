import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { execa } from "execa";
import type { Account } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { PostgresError } from "./postgres-error.ts";

/** The superuser of each cluster. */
export const SUPERUSER = "groundcrew";

/**
 * Makes a cluster at `dataDir`, which appears by a rename: it is there complete or not at all. Its superuser has a
 * random password, kept in `DIR.password` for the owner of the cluster only; nobody logs in without it.
 */
export async function createCluster(options: {
  dataDir: string;
  account: Account;
  binaries: Binaries;
  sync: boolean;
  signal: AbortSignal | undefined;
}): Promise<void> {
  const { dataDir, account } = options;
  const partial = `${dataDir}.new`;
  await rm(partial, { recursive: true, force: true }); // of one that was interrupted
  await mkdir(partial, { mode: 0o700 });
  await writePassword(dataDir, account);
  if (account.switchTo !== undefined) await chown(partial, account.uid, account.gid);
  try {
    await runInitdb(options, partial);
    await rename(partial, dataDir);
  } catch (error) {
    await rm(partial, { recursive: true, force: true, maxRetries: 5 }); // children of initdb may still write
    throw error;
  }
}

/** The password that `createCluster` left. */
export async function readPassword(dataDir: string): Promise<string> {
  try {
    return (await readFile(passwordFile(dataDir), "utf8")).trim();
  } catch (error) {
    throw new PostgresError(
      "not_a_data_directory",
      `${passwordFile(dataDir)}, which belongs to ${dataDir}, cannot be read: put it back, or choose another data directory`,
      { cause: error },
    );
  }
}

async function writePassword(dataDir: string, account: Account): Promise<void> {
  const path = passwordFile(dataDir);
  await rm(path, { force: true });
  await writeFile(path, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx", flush: true });
  if (account.switchTo !== undefined) await chown(path, account.uid, account.gid);
}

function passwordFile(dataDir: string): string {
  return `${dataDir}.password`;
}

async function runInitdb(options: Parameters<typeof createCluster>[0], pgdata: string): Promise<void> {
  const { failed, all, shortMessage } = await execa(
    options.binaries.initdb,
    [
      `--pgdata=${pgdata}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile(options.dataDir)}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      ...(options.sync ? [] : ["--no-sync"]),
    ],
    {
      ...options.account.switchTo,
      ...(options.signal && { cancelSignal: options.signal }),
      all: true,
      cwd: "/",
      env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
      extendEnv: false,
      reject: false,
      stdin: "ignore",
    },
  );
  options.signal?.throwIfAborted();
  if (failed) throw new PostgresError("init_failed", `initdb failed for ${options.dataDir}: ${all || shortMessage}`);
}
