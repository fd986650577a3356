import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProcess } from "../../packages/testkit/src/test-process.ts";

/** The checkout that the demo runs in. */
export const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));

/** What stays of a demo, ignored by git. */
const KEPT_FOLDER = join(CHECKOUT, ".demo");

/** The vetting report, as its path is told. */
export const REPORT_FILE = relative(process.cwd(), join(KEPT_FOLDER, "report.html"));

/** What the demo's programs say, for whoever wants to know why it failed. */
export class KeptLogs {
  readonly folder = relative(process.cwd(), join(KEPT_FOLDER, "logs"));
  readonly #processes: { name: string; process: TestProcess }[] = [];

  /** Has the lines of this process kept; one of the same name continues another. */
  keep(name: string, process: TestProcess): void {
    this.#processes.push({ name, process });
  }

  /** Writes a file for each name. False when there is nothing to write. */
  async write(): Promise<boolean> {
    if (this.#processes.length === 0) return false;
    await mkdir(this.folder, { recursive: true });
    for (const [name, group] of Map.groupBy(this.#processes, ({ name }) => name)) {
      const lines = group.flatMap(({ process }) => [`# process ${process.pid}`, ...process.lines]);
      await writeFile(join(this.folder, `${name}.log`), `${lines.join("\n")}\n`);
    }
    return true;
  }
}

/** Removes what an earlier demo left, and makes place for what this one will leave. */
export async function emptyKeptFolder(): Promise<void> {
  await rm(KEPT_FOLDER, { recursive: true, force: true });
  await mkdir(KEPT_FOLDER);
}
