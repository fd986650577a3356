import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The programs of the house. */
export type Program = "server" | "agent" | "cli" | "stage";

/** Names the folder of the bundled programs to the test files: set by the suite's global set-up. */
const PROGRAMS = "GROUNDCREW_TEST_PROGRAMS";

const FILES: Readonly<Record<Program, { bundle: string; source: string }>> = {
  server: { bundle: "groundcrew-server.mjs", source: "apps/server/src/main.ts" },
  agent: { bundle: "groundcrew-agent.mjs", source: "apps/agent/src/main.ts" },
  cli: { bundle: "crew.mjs", source: "apps/cli/src/main.ts" },
  stage: { bundle: "run-stage.mjs", source: "apps/agent/src/stages/run-stage.ts" },
};

/** For the suite's global set-up: names the folder of the bundled programs to the test files. */
export function usePrograms(folder: string): void {
  process.env[PROGRAMS] = folder;
}

/** The file that Node runs as this program: the suite's bundle; or the source, for a test file run by itself. */
export function mainOf(program: Program): string {
  const { bundle, source } = FILES[program];
  const folder = process.env[PROGRAMS];
  return folder === undefined ? fileURLToPath(new URL(`../../../${source}`, import.meta.url)) : join(folder, bundle);
}

/** Flags of Node for a program that soon ends: it collects less garbage, for more memory. */
export const BRIEF_FLAGS = ["--min-semi-space-size=16"] as const;

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
