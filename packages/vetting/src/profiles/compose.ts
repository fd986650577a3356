import type { ExtraStageName, ProfiledStageName } from "../stages.ts";
import { CPU_STRESS } from "./stages/cpu-stress.ts";
import { FIRMWARE } from "./stages/firmware.ts";
import { GPU } from "./stages/gpu.ts";
import { INVENTORY } from "./stages/inventory.ts";
import { MEMORY } from "./stages/memory.ts";
import { NETWORK } from "./stages/network.ts";
import { PSU } from "./stages/psu.ts";
import { SMART } from "./stages/smart.ts";
import { STORAGE } from "./stages/storage.ts";
import { type Depth, leftOut, type Stanzas } from "./stages/stanzas.ts";

/** In a run's order. */
const STAGES: Readonly<Record<Exclude<ProfiledStageName, ExtraStageName>, Stanzas>> = {
  inventory: INVENTORY,
  spec_validate: leftOut("no specification was given to compare the machine with"),
  smart: SMART,
  cpu_stress: CPU_STRESS,
  memory: MEMORY,
  storage: STORAGE,
  network: NETWORK,
  gpu: GPU,
  psu: PSU,
  firmware: FIRMWARE,
};

const DESCRIPTIONS: Readonly<Record<Depth, string>> = {
  quick: "A few minutes for a machine that is back from a small repair. It finds what is broken, not what is weak.",
  standard: "An hour or so for a machine that joins a fleet.",
  soak: "A day or two for a new delivery, or for a machine that failed for no reason that was found.",
};

/**
 * How long a machine that did not pass waits for an operator: long enough for somebody to come to work, whatever the time
 * zone.
 */
const HOLD = "hold: { expires: 24h }";

/** The YAML of a built-in profile: every stage's part, put together. */
export function compose(depth: Depth): string {
  const stages = Object.entries(STAGES).map(
    ([stage, stanzas]) => `  ${stage}:\n${stanzas[depth].trimEnd().replaceAll(/^/gm, "    ")}\n`,
  );
  return `name: ${depth}\ndescription: ${DESCRIPTIONS[depth]}\n${HOLD}\nstages:\n${stages.join("")}`;
}
