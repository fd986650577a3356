import { limits } from "./limits.ts";
import { workflowsOf } from "./located.ts";
import { cellsOf } from "./matrix.ts";
import type { Finding } from "./problem.ts";
import { dotted } from "./show.ts";
import type { Source } from "./source.ts";
import type { Env } from "./step-schema.ts";

/** Finds what aliases and matrices would multiply beyond what can be sent to an agent or kept. Judged before it is built. */
export function checkPlanSize(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  let total = 0;
  for (const { root, file } of sources) {
    for (const [base, { at }] of workflowsOf(root)) {
      const workflow = file.workflows[base];
      if (!workflow) continue;
      const inEachStep = textBytes([computedOf(file.env), computedOf(workflow.env), workflow.secrets]);
      const bytes = textBytes([file.env, workflow]) + inEachStep * workflow.steps.length;
      if (bytes > limits.workflowBytes)
        findings.push({ at, message: `${dotted(["workflows", base])}: ${tooLarge("1 MiB", bytes)}` });
      total += bytes * cellsOf(workflow.matrix).length;
      if (total > limits.planBytes) return [...findings, { at, message: `workflows: ${tooLarge("16 MiB", total)}` }];
    }
  }
  return findings;
}

function tooLarge(limit: string, bytes: number): string {
  return `expected at most ${limit} of commands and variables, aliases and matrices expanded, found ${bytes} bytes`;
}

function computedOf(env: Env): unknown[] {
  return Object.entries(env).filter(([, value]) => typeof value !== "string");
}

/** All texts of a value and of what stands in it, and the keys that its author chose. */
function textBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return 0;
  return Object.entries(value).reduce((sum, [key, part]) => sum + key.length + textBytes(part), 0);
}
