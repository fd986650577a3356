import { launchServer, runPipeline, scoped, startAgent } from "@groundcrew/testkit/processes";
import { WorkflowState } from "@groundcrew/proto";
import type { Measurement } from "./metric.ts";

const WORKFLOWS = 200;
const AGENTS = 2;
const SLOTS = 8;

/** From the submit of 200 one-line workflows to the end of the last, on two agents of 8 slots and one server. */
export async function pipeline200(repetitions: number): Promise<Measurement> {
  const values = await scoped(async (owner) => {
    const server = await launchServer(owner);
    for (let i = 0; i < AGENTS; i++) await startAgent(owner, server, { capacity: SLOTS });
    const seconds: number[] = [];
    for (let i = 0; i < repetitions; i++) {
      const started = performance.now();
      const { state } = await runPipeline(server, FILE);
      if (state !== WorkflowState.SUCCEEDED) throw new Error(`the pipeline ended in state ${state}`);
      seconds.push((performance.now() - started) / 1_000);
    }
    return seconds;
  });
  return { name: "pipeline_200", unit: "s", goal: 20, values };
}

const FILE = [
  "workflows:",
  ...Array.from({ length: WORKFLOWS }, (_, i) => `  w${i}: { steps: [{ run: "echo ${i}" }] }`),
].join("\n");
