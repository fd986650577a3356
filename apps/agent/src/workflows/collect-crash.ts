import { execFile } from "node:child_process";
import { copyFile, lstat, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Where a kernel's last words are after a crash: as the firmware kept them, and where systemd moves them at boot. */
const PSTORE = ["/sys/fs/pstore", "/var/lib/systemd/pstore"];

/** What one crash leaves is far less. */
const FILES_MAX = 64;
const FILE_MAX_BYTES = 4 * 1024 * 1024;
const DMESG_TIMEOUT_MS = 10_000;

/** Lines in which a kernel tells what the hardware reported of its last life: machine checks, BERT, PCIe errors. */
const HARDWARE = /hardware error|machine check|\bmce\b|\bBERT\b|\bGHES\b|EDAC|AER:/i;

/** Where to look; tests name folders and a PATH of their own. */
export interface CrashSources {
  pstore?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

/** Copies into a folder what the machine kept of a crash. Returns what that is, in a line. Never fails. */
export async function collectCrash(into: string, sources: CrashSources = {}): Promise<string> {
  const { pstore = PSTORE, env = process.env } = sources;
  const files = (await Promise.all(pstore.map(filesBelow))).flat().slice(0, FILES_MAX);
  const kept: string[] = [];
  for (const [index, path] of files.entries()) {
    const name = `pstore-${index + 1}-${
      path
        .split("/")
        .at(-1)
        ?.replaceAll(/[^A-Za-z0-9._-]/g, "_") ?? ""
    }`;
    if (
      await copyFile(path, join(into, name)).then(
        () => true,
        () => false,
      )
    )
      kept.push(name);
  }
  const errors = await hardwareErrors(env);
  if (errors.length > 0) await writeFile(join(into, "hardware-errors.txt"), errors.join("\n") + "\n");
  const lasting = kept.length === 0 ? "pstore keeps nothing" : `pstore keeps ${kept.join(", ")}`;
  return `${lasting}; the kernel tells of ${errors.length} lines of hardware errors`;
}

async function filesBelow(folder: string): Promise<string[]> {
  const names: string[] = await readdir(folder, { recursive: true }).catch(() => []);
  const paths = names.toSorted().map((name) => join(folder, name));
  const sizes = await Promise.all(paths.map((path) => lstat(path).catch(() => undefined)));
  return paths.filter((_, index) => sizes[index]?.isFile() === true && sizes[index].size <= FILE_MAX_BYTES);
}

async function hardwareErrors(env: NodeJS.ProcessEnv): Promise<string[]> {
  const options = { env, timeout: DMESG_TIMEOUT_MS, maxBuffer: 32 * 1024 * 1024 };
  const log = await promisify(execFile)("dmesg", [], options).catch(() => ({ stdout: "" }));
  return log.stdout.split("\n").filter((line) => HARDWARE.test(line));
}
