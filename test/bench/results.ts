import { execa } from "execa";
import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Metric } from "./metric.ts";

/** Writes the results file beside this one. Returns its path. */
export async function writeResults(metrics: readonly Metric[]): Promise<string> {
  const file = fileURLToPath(new URL("results.json", import.meta.url));
  const results = { commit: await commit(), machine: machine(), metrics };
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
  return file;
}

/** What this machine is. */
export function machine(): string {
  const [first] = cpus();
  return `${cpus().length} x ${first?.model ?? "unknown CPU"}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

async function commit(): Promise<string> {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { stdout } = await execa("git", ["rev-parse", "HEAD"], { cwd });
  return stdout;
}
