import type { BackendName } from "@groundcrew/engine";
import { WorkKind } from "@groundcrew/proto";
import type { AgentOptions } from "../agent-options.ts";
import { readBootId, readMachineIdentity } from "../machine/machine-identity.ts";
import { VERSION } from "../version.ts";

/** What this agent says about itself when it registers. */
export async function describeAgent(options: AgentOptions, name: string, backend: BackendName) {
  const { capacity, labels, serves } = options;
  return {
    name,
    capacity,
    labels,
    serves: serves === "vetting" ? WorkKind.VETTING : WorkKind.BUILD,
    capabilities: serves === "vetting" ? await stageCapabilities(options) : [],
    platform: `${process.platform}/${process.arch}`,
    backend,
    version: VERSION,
    machine: await readMachineIdentity(),
    bootId: await readBootId(),
  };
}

// Loaded only where it is needed: a build agent does without its memory.
async function stageCapabilities({ listedStages = [] }: AgentOptions): Promise<string[]> {
  const { BUILT_IN_STAGES } = await import("../stages/built-in.ts");
  return [...BUILT_IN_STAGES.keys(), ...listedStages.map(({ name }) => name)].map((name) => `stage:${name}`);
}
