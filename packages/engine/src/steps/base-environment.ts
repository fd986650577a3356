import { userInfo } from "node:os";
import type { Workspace } from "../workspace/workspace.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What every process of a workflow has. */
export function baseEnvironment({ home, temporary }: Workspace): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? DEFAULT_PATH,
    HOME: home,
    TMPDIR: temporary,
    USER: userName(),
    LANG: "C.UTF-8",
  };
}

// A user id without an entry in the user database is usual in containers.
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "");
  }
}
