import { z } from "zod";
import type { AgentStageName } from "./stages.ts";

const cpuStress = z.strictObject({
  /** How many times stress-ng is run. Short segments show throttling as lost throughput. */
  segments: z.int().min(1).max(10_000).default(3),
  /** How long each run lasts. */
  segment_seconds: z.int().min(1).max(3600).default(4),
  /** stress-ng's `--cpu-method`. */
  method: z
    .string()
    .regex(/^[a-z0-9]+$/, "expected the name of a stress-ng CPU method, such as all or fft")
    .default("all"),
});

/** The parameters of `cpu_stress`, complete. */
export type CpuStressParameters = z.infer<typeof cpuStress>;

/** The schema of each stage's parameters. A stage without one takes what the profile gives it. */
export const PARAMETERS: Partial<Record<AgentStageName, z.ZodType<Record<string, unknown>>>> = {
  inventory: z.strictObject({}),
  cpu_stress: cpuStress,
};

/** Fills the defaults of `cpu_stress`' parameters: 3 segments of 4 s, every method. Throws on anything else than them. */
export function cpuStressParameters(parameters: unknown): CpuStressParameters {
  return cpuStress.parse(parameters);
}
