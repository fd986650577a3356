import { mkdir } from "node:fs/promises";
import type { Owner } from "../../packages/testkit/src/at-end.ts";
import { temporaryFolder } from "../../packages/testkit/src/folder.ts";
import { killProcessesOf } from "../../packages/testkit/src/processes-of.ts";

/** Root's temporary folder may be closed to the user that Postgres runs as, and on another disk than pnpm's store. */
const BASE_OF_ROOT = "/var/lib/groundcrew";

/**
 * Makes the folder that holds everything this process and its children keep while it runs. It is gone when the owner
 * ends; a process that still has to do with it then is killed and fails the owner. `hurry` kills them all at once.
 */
export async function makeWorkplace(owner: Owner, hurry: AbortSignal): Promise<string> {
  if (process.getuid?.() === 0) {
    await mkdir(BASE_OF_ROOT, { recursive: true, mode: 0o755 });
    process.env["TMPDIR"] = BASE_OF_ROOT;
  }
  const folder = await temporaryFolder(owner, "demo");
  process.env["TMPDIR"] = folder;
  hurry.addEventListener("abort", () => void killProcessesOf(folder));
  return folder;
}
