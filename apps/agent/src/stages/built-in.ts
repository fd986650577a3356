import type { AgentStageName } from "@groundcrew/vetting";
import { cpuStress } from "./cpu-stress.ts";
import { firmware } from "./firmware.ts";
import { gpu } from "./gpu.ts";
import { inventory } from "./inventory.ts";
import { memory } from "./memory.ts";
import { network } from "./network.ts";
import { psu } from "./psu.ts";
import { smart } from "./smart.ts";
import { withDriveGrowth } from "./smart/growth.ts";
import type { Stage } from "./stage.ts";
import { storage } from "./storage.ts";

/** The stages that come with the agent, by name. */
export const BUILT_IN_STAGES: ReadonlyMap<string, Stage> = new Map<AgentStageName, Stage>([
  ["inventory", inventory],
  ["smart", smart],
  ["cpu_stress", cpuStress],
  ["memory", memory],
  ["storage", withDriveGrowth(storage)],
  ["network", network],
  ["gpu", gpu],
  ["psu", psu],
  ["firmware", firmware],
]);
