import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Outcome } from "./play-seed.ts";
import type { World } from "./world/world.ts";

/** One line about a seed that held. */
export function summaryOf({ facts, tookMs }: Outcome): string {
  const states = Map.groupBy(facts.workflows, ({ state }) => state);
  const counts = [...states].map(([state, all]) => `${all.length} ${state}`).toSorted();
  const epochs = facts.leases.length;
  const troubles = facts.disturbances.length;
  const seconds = (tookMs / 1000).toFixed(1);
  return `${counts.join(", ")}; ${epochs} leases, ${troubles} troubles, ${seconds} s`;
}

/** Tells what a seed broke. */
export function violationLines({ violations }: Outcome): string[] {
  return violations.map(
    ({ promise, invariant, message }) => `  promise ${promise} (${invariant}): ${message.replaceAll("\n", "\n    ")}`,
  );
}

/** Keeps everything that is known about a seed, for whoever looks into it. Returns the folder. */
export async function keep(world: World, outcome: Outcome, root: string): Promise<string> {
  const folder = join(root, `seed-${outcome.seed}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { facts, violations, diary } = outcome;
  const plans = Object.fromEntries(facts.plans);
  await writeFile(join(folder, "facts.json"), JSON.stringify({ ...facts, plans }, null, 1));
  await writeFile(join(folder, "violations.json"), JSON.stringify(violations, null, 1));
  await writeFile(join(folder, "diary.txt"), `${diary.join("\n")}\n`);
  for (const [name, lines] of world.supervisor.said()) {
    await writeFile(join(folder, `${name}.log`), `${lines.join("\n")}\n`);
  }
  return folder;
}
