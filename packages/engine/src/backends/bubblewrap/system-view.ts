import { lstat, readdir, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";

/** What of the machine the steps of a sandbox see, as arguments of bubblewrap. */
export interface SystemView {
  /** Mounts the system's own folders. */
  system: readonly string[];
  /** The folders that are shown. */
  shown: readonly string[];
  /** The file that /etc/resolv.conf leads to outside of these folders, mounted. */
  resolver: readonly string[];
}

// What a distribution and its administrator install. All else is not there unless it is named.
const FOLDERS = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/gnu"];
const KERNEL = ["/sys/devices/system/cpu", "/sys/fs/cgroup"];
const READ_BY_OTHERS = 0o004;
const ENTER_BY_OTHERS = 0o001;

/** Looks at the machine once. */
export async function readSystemView(): Promise<SystemView> {
  const system = (await Promise.all(FOLDERS.map(mountOf))).flat();
  const kernel = KERNEL.flatMap((path) => ["--ro-bind-try", path, path]);
  const secret = (await privateEntries("/etc")).flatMap(({ path, isFolder }) => hide(path, isFolder));
  return { system: [...system, ...kernel, ...secret], shown: FOLDERS, resolver: await resolverMount() };
}

/** Arguments that put an empty folder, or a file that cannot be read, in the place of another. */
export function hide(path: string, isFolder: boolean): string[] {
  return isFolder ? ["--tmpfs", path] : ["--ro-bind", "/dev/null", path];
}

async function mountOf(folder: string): Promise<string[]> {
  const stats = await lstat(folder).catch(() => undefined);
  if (stats?.isSymbolicLink()) return ["--symlink", await readlink(folder), folder];
  return stats?.isDirectory() ? ["--ro-bind", folder, folder] : [];
}

/** What of a folder not every user may read: the agent's user may be one who can, such as root. */
async function privateEntries(folder: string): Promise<{ path: string; isFolder: boolean }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = entries
    .filter((entry) => !entry.isSymbolicLink())
    .map(async (entry) => {
      const path = join(folder, entry.name);
      const isFolder = entry.isDirectory();
      const mode = (await lstat(path).catch(() => undefined))?.mode ?? 0;
      const needed = isFolder ? READ_BY_OTHERS | ENTER_BY_OTHERS : READ_BY_OTHERS;
      if ((mode & needed) !== needed) return [{ path, isFolder }];
      return isFolder ? privateEntries(path) : [];
    });
  return (await Promise.all(found)).flat();
}

async function resolverMount(): Promise<string[]> {
  const target = await realpath("/etc/resolv.conf").catch(() => "/etc/resolv.conf");
  return target.startsWith("/etc/") ? [] : ["--ro-bind-try", target, target];
}
