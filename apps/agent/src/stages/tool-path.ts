import { systemRoot } from "./sysfs.ts";

/**
 * Where tools are looked for: in this PATH, and in the folders of system tools, which an ordinary user's often lacks. A
 * machine that is played has no tools but its own.
 */
export function toolPath(path: string): string {
  return systemRoot() === "" ? `${path}:/usr/local/sbin:/usr/sbin:/sbin` : path;
}
