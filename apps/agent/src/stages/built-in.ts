import type { AgentStageName } from "@groundcrew/vetting";
import { cpuStress } from "./cpu-stress.ts";
import { inventory } from "./inventory.ts";
import type { Stage } from "./stage.ts";

/** The stages that come with the agent, by name. */
export const BUILT_IN_STAGES: ReadonlyMap<string, Stage> = new Map<AgentStageName, Stage>([
  ["inventory", inventory],
  ["cpu_stress", cpuStress],
]);
