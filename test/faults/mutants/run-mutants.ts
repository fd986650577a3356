import { execa } from "execa";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MUTANTS, type Mutant } from "./mutants.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** How many seeds a mutant must survive to be told as not found. */
const SEEDS = 12;

/**
 * Proves that the checks can fail: takes each guard out of a copy of the product, and demands that some seed then
 * breaks what is promised. Returns the exit code.
 */
export async function runMutants(only: readonly string[] | undefined, signal: AbortSignal): Promise<number> {
  const chosen = MUTANTS.filter(({ name }) => only?.includes(name) ?? true);
  if (chosen.length === 0)
    throw new Error(`ONLY names no mutant; there are ${MUTANTS.map(({ name }) => name).join(", ")}`);
  const survived: string[] = [];
  for (const mutant of chosen) if (!(await isFound(mutant, signal))) survived.push(mutant.name);
  console.log(
    `faults: ${chosen.length} mutants, ${survived.length} not found${survived.length > 0 ? `: ${survived.join(", ")}` : ""}`,
  );
  return survived.length === 0 ? 0 : 1;
}

async function isFound(mutant: Mutant, signal: AbortSignal): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-mutant-"));
  try {
    await makeCopy(folder);
    await mutate(folder, mutant);
    return await play(folder, mutant, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What runs, with links to what it depends on; the links between packages are relative and stay in the copy. */
async function makeCopy(folder: string): Promise<void> {
  for (const name of ["apps", "packages", "test", "package.json"]) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true, verbatimSymlinks: true });
  }
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
}

/** Replaces what must be there exactly once. */
async function mutate(folder: string, { name, edits }: Mutant): Promise<void> {
  for (const { file, find, replace } of edits) {
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    const places = text.split(find).length - 1;
    if (places !== 1)
      throw new Error(`mutant ${name}: ${file} has what it replaces ${places} times, expected once: ${find}`);
    await writeFile(
      path,
      text.replace(find, () => replace),
    );
  }
}

/** True when a seed broke what the guard is for. */
async function play(
  folder: string,
  { name, removes, breaks, more = [] }: Mutant,
  signal: AbortSignal,
): Promise<boolean> {
  const env = { SEEDS: String(SEEDS), UNTIL: breaks.join(","), MORE: more.join(","), SEED: "", MUTANTS: "" };
  const { exitCode, all } = await execa(process.execPath, [join(folder, "test/faults/main.ts")], {
    env,
    reject: false,
    all: true,
    // It takes its programs down with it, which takes longer than a kill would.
    cancelSignal: signal,
    forceKillAfterDelay: false,
  });
  signal.throwIfAborted();
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`mutant ${name} could not be played:\n${all}`);
  const broke = all.split("\n").filter((line) => breaks.some((invariant) => line.includes(`(${invariant})`)));
  const what = exitCode === 1 ? `found:\n${broke.slice(0, 2).join("\n")}` : `NOT found in ${SEEDS} seeds`;
  console.log(`faults: mutant ${name}, without ${removes}, was ${what}`);
  return exitCode === 1;
}
