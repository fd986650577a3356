import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The programs of the house. */
export type Program = "server" | "agent" | "cli";

/** The file that Node runs as this program. */
export function mainOf(program: Program): string {
  return fileURLToPath(new URL(`../../../apps/${program}/src/main.ts`, import.meta.url));
}

/** What a program of a test gets of this process's environment: nothing of the user's own configuration. */
export function plainEnvironment(): Record<string, string> {
  const { PATH = "", TMPDIR, NODE_COMPILE_CACHE } = process.env;
  return {
    PATH,
    HOME: "/nonexistent",
    LANG: "C.UTF-8",
    ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }),
    ...(TMPDIR !== undefined && existsSync(TMPDIR) && { TMPDIR }),
  };
}
