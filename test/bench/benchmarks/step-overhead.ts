import { spawn } from "node:child_process";
import { once } from "node:events";
import { WorkflowState } from "@groundcrew/proto";
import { launchServer, runPipeline, startAgent, type Owner } from "@groundcrew/testkit/processes";
import type { Benchmark } from "../benchmark.ts";
import type { Reading } from "../metric.ts";

const STEPS = 100;

/**
 * What a step costs: a workflow of 100 steps that do nothing, from its submit to its end, by step; on the local backend,
 * in the sandbox, and, as the limit, the same 100 shells started one after the other by a bare spawn.
 */
export const stepOverhead: Benchmark = {
  name: "step_overhead_ms",
  contenders: [ours("local"), ours("sandbox"), bareSpawn],
};

function ours(backend: "local" | "sandbox") {
  return async (owner: Owner): Promise<Reading[]> => {
    const server = await launchServer(owner);
    await startAgent(owner, server, { backend });
    const started = performance.now();
    const { state } = await runPipeline(server, FILE);
    if (state !== WorkflowState.SUCCEEDED) throw new Error(`the pipeline ended in state ${state}`);
    return [reading(`step_overhead_ms.${backend}`, "groundcrew", started)];
  };
}

async function bareSpawn(): Promise<Reading[]> {
  const started = performance.now();
  for (let i = 0; i < STEPS; i++) {
    const [code] = await once(spawn("sh", ["-c", "true"], { stdio: "ignore" }), "exit");
    if (code !== 0) throw new Error(`true exited with ${code}`);
  }
  return ["local", "sandbox"].map((backend) => reading(`step_overhead_ms.${backend}`, "limit", started));
}

function reading(name: string, system: Reading["system"], startedMs: number): Reading {
  return { name, system, value: (performance.now() - startedMs) / STEPS, unit: "ms" };
}

const FILE = [
  "workflows:",
  "  steps:",
  "    steps:",
  ...Array.from({ length: STEPS }, () => "      - run: 'true'"),
].join("\n");
