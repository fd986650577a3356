import { WorkflowState } from "@groundcrew/proto";
import { launchServer, runPipeline, startAgent, type Owner } from "@groundcrew/testkit/processes";
import type { Benchmark } from "../benchmark.ts";
import type { Reading } from "../metric.ts";

const WORKFLOWS = 200;
const AGENTS = 2;
const SLOTS = 8;

/** From the submit of 200 one-line workflows to the end of the last, on two real agents of 8 slots and one server. */
export const pipeline200: Benchmark = { name: "pipeline_200", contenders: [runIt] };

async function runIt(owner: Owner): Promise<Reading[]> {
  const server = await launchServer(owner);
  for (let i = 0; i < AGENTS; i++) await startAgent(owner, server, { capacity: SLOTS });
  const started = performance.now();
  const { state } = await runPipeline(server, FILE);
  if (state !== WorkflowState.SUCCEEDED) throw new Error(`the pipeline ended in state ${state}`);
  const value = (performance.now() - started) / 1_000;
  return [{ name: "pipeline_200", system: "groundcrew", value, unit: "s" }];
}

const FILE = [
  "workflows:",
  ...Array.from({ length: WORKFLOWS }, (_, i) => `  w${i}: { steps: [{ run: "echo ${i}" }] }`),
].join("\n");
