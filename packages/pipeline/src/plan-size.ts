import { limits } from "./limits.ts";
import { cellsOf } from "./matrix.ts";
import { type Located, workflowsOf } from "./located.ts";
import type { Finding } from "./problem.ts";
import type { PipelineFile, Workflow } from "./schema.ts";
import { dotted } from "./show.ts";

/** Finds what aliases and matrices would multiply beyond what can be sent to an agent or kept. Judged before it is built. */
export function checkPlanSize(root: Located, file: PipelineFile): Finding[] {
  const findings: Finding[] = [];
  let total = 0;
  for (const [base, { at }] of workflowsOf(root)) {
    const workflow = file.workflows[base];
    if (!workflow) continue;
    const bytes = textBytes(file.env) + workflowBytes(workflow);
    if (bytes > limits.workflowBytes)
      findings.push({ at, message: `${dotted(["workflows", base])}: ${tooLarge("1 MiB", bytes)}` });
    total += bytes * cellsOf(workflow.matrix).length;
    if (total > limits.planBytes) return [...findings, { at, message: `workflows: ${tooLarge("16 MiB", total)}` }];
  }
  return findings;
}

function tooLarge(limit: string, bytes: number): string {
  return `expected at most ${limit} of commands and variables, aliases and matrices expanded, found ${bytes} bytes`;
}

function workflowBytes({ env, steps }: Workflow): number {
  return steps.reduce((sum, step) => sum + Buffer.byteLength(step.run) + textBytes(step.env), textBytes(env));
}

function textBytes(env: Record<string, string>): number {
  return Object.entries(env).reduce((sum, texts) => sum + Buffer.byteLength(texts.join("=")), 0);
}
