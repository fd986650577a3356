import { checkShape } from "./check-shape.ts";
import { checkDependencies } from "./dependencies.ts";
import { expand } from "./expand.ts";
import { workflowsOf } from "./located.ts";
import { checkMatrices } from "./matrix.ts";
import { checkPlanSize } from "./plan-size.ts";
import type { PipelinePlan } from "./plan.ts";
import { type Finding, type PlanProblem, toProblems } from "./problem.ts";
import { readYaml } from "./read-yaml.ts";
import { checkStepNames } from "./step-names.ts";

/** A plan, or at least one problem; never both. */
export type PlanResult = { ok: true; plan: PipelinePlan } | { ok: false; problems: PlanProblem[] };

/**
 * Turns a pipeline file into a plan, or into all its problems in the order of the file.
 *
 * Pure, and never throws for any text. `path` is only named: in problems, and as the plan's name where the file gives none.
 */
export function planPipeline({ path, content }: { path: string; content: string }): PlanResult {
  const refused = (findings: Finding[]): PlanResult => ({ ok: false, problems: toProblems(path, findings) });
  const { root, findings: unread } = readYaml(content);
  if (!root) return refused(unread);
  const { file, findings: misshapen } = checkShape(root);
  const findings = [
    ...unread,
    ...misshapen,
    ...checkMatrices(root),
    ...checkDependencies(root),
    ...checkStepNames(root),
  ];
  if (!file || findings.length > 0) return refused(findings);
  const oversized = checkPlanSize(root, file);
  if (oversized.length > 0) return refused(oversized);
  const bases = workflowsOf(root).map(([base]) => base);
  return { ok: true, plan: expand({ file, bases, defaultName: path }) };
}
