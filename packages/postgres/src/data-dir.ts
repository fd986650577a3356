import { mkdir, readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Account } from "./account.ts";
import { PostgresError } from "./postgres-error.ts";

/** What lies at a path that is to hold a cluster. */
export type DataDirState = "absent" | "cluster";

/**
 * Makes the parents of a data directory and checks that the account can use what is there.
 * Throws `closed_directory`, `not_a_data_directory`, `wrong_owner` or `wrong_version`. Changes nothing inside.
 */
export async function checkDataDir(dataDir: string, account: Account, major: number): Promise<DataDirState> {
  await makeParents(dataDir);
  if (account.switchTo !== undefined) await checkReachable(await realpath(dirname(dataDir)), account);
  const entries = await listing(dataDir);
  if (entries.length === 0) return "absent";
  if (!entries.includes("PG_VERSION")) {
    throw new PostgresError(
      "not_a_data_directory",
      `${dataDir} is not empty, and is no Postgres data directory: choose another one, or empty it`,
    );
  }
  await checkOwner(dataDir, account);
  await checkVersion(dataDir, major);
  return "cluster";
}

async function makeParents(dataDir: string): Promise<void> {
  try {
    await mkdir(dirname(dataDir), { recursive: true });
  } catch (error) {
    const message = `${dirname(dataDir)} cannot be made: ${String(error)}: choose another data directory`;
    throw new PostgresError("closed_directory", message, { cause: error });
  }
}

async function checkReachable(directory: string, account: Account): Promise<void> {
  const parent = dirname(directory);
  if (parent !== directory) await checkReachable(parent, account);
  const { uid, gid, mode } = await stat(directory);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  if ((mode & bit) !== 0) return;
  throw new PostgresError(
    "closed_directory",
    `Postgres runs as the user "${account.name}", to whom the directory ${directory} is closed: ` +
      `open it (chmod o+x ${directory}), or choose another data directory`,
  );
}

async function listing(dataDir: string): Promise<string[]> {
  try {
    return await readdir(dataDir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR")
      throw new PostgresError("not_a_data_directory", `${dataDir} is a file: choose another path`);
    if (code === "EACCES")
      throw new PostgresError("wrong_owner", `${dataDir} belongs to another user`, { cause: error });
    throw error;
  }
}

async function checkOwner(dataDir: string, account: Account): Promise<void> {
  const { uid } = await stat(dataDir);
  if (uid === account.uid) return;
  throw new PostgresError(
    "wrong_owner",
    `${dataDir} belongs to user id ${uid}, but Postgres runs here as ${account.name} (${account.uid}): ` +
      `run as its owner, give it away (chown -R ${account.uid} ${dataDir}), or choose another data directory`,
  );
}

async function checkVersion(dataDir: string, major: number): Promise<void> {
  const version = (await readFile(join(dataDir, "PG_VERSION"), "utf8")).trim();
  if (version === String(major)) return;
  throw new PostgresError(
    "wrong_version",
    `${dataDir} was made by Postgres ${version}, and this is Postgres ${major}: dump it with version ${version} ` +
      "and restore it into a new data directory, or choose another one",
  );
}
