import { scoped, type Owner } from "@groundcrew/testkit/processes";
import { fileURLToPath } from "node:url";
import { playSeed, type Outcome } from "./play-seed.ts";
import { keep, summaryOf, violationLines } from "./report.ts";
import { scheduleOf } from "./schedule.ts";
import { commandOf, type FaultSettings } from "./settings.ts";
import { startWorld, type World } from "./world/world.ts";

/** Where what is known of a seed that broke something is kept. */
const KEPT = fileURLToPath(new URL("../../.cache/faults", import.meta.url));

/** Plays seeds and tells of each. Returns the exit code: 1 when one broke something. */
export async function playSeeds(settings: FaultSettings, signal: AbortSignal): Promise<number> {
  const failed: Failed[] = [];
  const left = [...settings.seeds];
  // A world in which something was broken is no place for the next seed.
  while (left.length > 0) await scoped((owner) => playUntilBroken({ owner, left, failed, settings, signal }));
  const told = failed.length > 0 ? `: ${failed.map(({ seed }) => seed).join(", ")}` : "";
  console.log(`faults: ${settings.seeds.length} seeds, ${failed.length} with violations${told}`);
  // Once more: of a long run, often only the end is kept.
  for (const { seed, lines } of failed) console.log([`faults: seed ${seed}:`, ...lines].join("\n"));
  return failed.length === 0 ? 0 : 1;
}

interface Failed {
  seed: number;
  /** What it broke. */
  lines: string[];
}

interface Playing {
  owner: Owner;
  /** Those that were not played yet. */
  left: number[];
  failed: Failed[];
  settings: FaultSettings;
  signal: AbortSignal;
}

async function playUntilBroken({ owner, left, failed, settings, signal }: Playing): Promise<void> {
  const world = await startWorld(owner);
  for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
    const outcome = await playSeed(world, scheduleOf(seed, settings.more), signal);
    if (outcome.violations.length === 0) {
      console.log(`faults: seed ${seed} held: ${summaryOf(outcome)}`);
      if (settings.keep) await keep(world, outcome, KEPT);
      continue;
    }
    await tell(world, outcome, settings);
    const counts =
      settings.until.length === 0 || outcome.violations.some((one) => settings.until.includes(one.invariant));
    if (counts) failed.push({ seed, lines: violationLines(outcome) });
    if (counts && settings.until.length > 0) left.length = 0;
    return;
  }
}

async function tell(world: World, outcome: Outcome, settings: FaultSettings): Promise<void> {
  const folder = await keep(world, outcome, KEPT);
  console.log(`faults: seed ${outcome.seed} BROKE what is promised: ${summaryOf(outcome)}`);
  for (const line of violationLines(outcome)) console.log(line);
  console.log(`  play it again: ${commandOf(outcome.seed, settings)}\n  what is known: ${folder}`);
}
