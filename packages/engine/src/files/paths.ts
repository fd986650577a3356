import { posix } from "node:path";
import { FilesError, quoted } from "./files-error.ts";

/**
 * The parts of a relative path or pattern, without `.` and doubled slashes. Throws FilesError, which begins with what
 * the path is, when it is absolute, leads upwards, or holds a NUL.
 */
export function segmentsOf(path: string, what: string): string[] {
  if (path === "" || path.includes("\0")) throw new FilesError(`${what} ${quoted(path)} is empty or has a NUL in it`);
  if (path.startsWith("/")) throw new FilesError(`${what} ${quoted(path)} is absolute; it must be relative`);
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (!segments.includes("..")) return segments;
  throw new FilesError(`${what} ${quoted(path)} leads out of its folder by ".."`);
}

/** Whether a link at `path` stays in the folder that `path` is relative to. */
export function staysInside(path: string, target: string): boolean {
  if (target === "" || target.startsWith("/")) return false;
  const end = posix.normalize(posix.join(posix.dirname(path), target));
  return end !== ".." && !end.startsWith("../");
}
