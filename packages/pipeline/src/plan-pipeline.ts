import { checkArtifacts } from "./check-artifacts.ts";
import { checkMatrices } from "./check-matrices.ts";
import { checkReferences } from "./check-references.ts";
import { checkPathPatterns } from "./check-path-patterns.ts";
import { checkShape } from "./check-shape.ts";
import { choose } from "./choose.ts";
import { checkDependencies } from "./dependencies.ts";
import { checkNew, type ExistingWorkflows } from "./existing.ts";
import { expand } from "./expand.ts";
import { limits } from "./limits.ts";
import { type Located, workflowsOf } from "./located.ts";
import { checkPlanSize } from "./plan-size.ts";
import type { PipelinePlan } from "./plan.ts";
import { type Finding, type PlanProblem, toProblems } from "./problem.ts";
import { readYaml, type SourceFile } from "./read-yaml.ts";
import { repeats } from "./repeats.ts";
import type { Source } from "./source.ts";
import { checkStepNames } from "./step-names.ts";
import { manualTrigger, type Trigger } from "./trigger.ts";

/** A plan, or at least one problem; never both. */
export type PlanResult = { ok: true; plan: PipelinePlan } | { ok: false; problems: PlanProblem[] };

/** What files are planned for. */
interface PlanContext {
  /** What starts the pipeline: it decides which workflows are part of it. Default: a manual trigger. */
  trigger?: Trigger;
  /** What the pipeline has already, for files that add to it: may be depended on, and not be named again. */
  existing?: ExistingWorkflows;
}

const NONE: ExistingWorkflows = new Map();

/**
 * Turns a pipeline file into a plan, or into all its problems in the order of the file.
 *
 * Pure, and never throws for any text.
 */
export function planPipeline({ path, content, ...context }: SourceFile & PlanContext): PlanResult {
  return planFiles({ files: [{ path, content }], ...context });
}

/** As {@link planPipeline}, for the files of one pipeline, in the order given; their workflows may wait for each other. */
export function planFiles(options: { files: readonly SourceFile[] } & PlanContext): PlanResult {
  const { files, trigger = manualTrigger, existing = NONE } = options;
  const paths = files.map(({ path }) => path);
  const refused = (findings: Finding[]): PlanResult => ({ ok: false, problems: toProblems(paths, findings) });
  const { sources, findings } = readFiles(files, existing);
  if (findings.length > 0) return refused(findings);
  const { chosen, leftOut, findings: unanswered } = choose(sources, trigger, existing);
  const { workflows, findings: uncomputed } = expand(chosen, trigger, existing);
  if (unanswered.length + uncomputed.length > 0) return refused([...unanswered, ...uncomputed]);
  const name = sources.find(({ file }) => file.name !== undefined)?.file.name ?? paths[0] ?? "";
  return { ok: true, plan: { name, workflows, leftOut } };
}

/** All that is wrong with the files of one pipeline, whatever starts it. None: it can be planned. */
export function checkFiles(files: readonly SourceFile[]): PlanProblem[] {
  return toProblems(
    files.map(({ path }) => path),
    readFiles(files, NONE).findings,
  );
}

function readFiles(
  files: readonly SourceFile[],
  existing: ExistingWorkflows,
): { sources: Source[]; findings: Finding[] } {
  const tooMany = tooMuchOf(files);
  if (tooMany) return { sources: [], findings: [tooMany] };
  const read = files.map(readYaml);
  const roots = read.flatMap(({ root }) => (root ? [root] : []));
  const shapes = roots.map((root) => ({ root, ...checkShape(root) }));
  const sources = shapes.flatMap(({ root, file }) => (file ? [{ root, file }] : []));
  const findings = [...read, ...shapes].flatMap((each) => each.findings);
  // What is in a file that cannot be read is not known: no name can be told missing.
  if (roots.length === files.length) findings.push(...checkTogether(roots, existing));
  return { sources, findings: findings.length > 0 ? findings : checkPlanSize(sources) };
}

function tooMuchOf(files: readonly SourceFile[]): Finding | undefined {
  const [first] = files;
  const at = { path: first?.path ?? "", line: 1, column: 1 };
  if (!first) return { at, message: "expected a pipeline file, found none" };
  if (files.length > limits.files)
    return { at, message: `expected at most ${limits.files} files, found ${files.length}` };
  const bytes = files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  if (files.length === 1 || bytes <= limits.fileBytes) return undefined;
  return { at, message: `expected files of at most 1 MiB together, found ${bytes} bytes` };
}

function checkTogether(roots: readonly Located[], existing: ExistingWorkflows): Finding[] {
  const names = roots.flatMap(workflowsOf).map(([text, { at }]) => ({ text, at }));
  return [
    ...repeats("workflows: the name", names),
    ...checkMatrices(roots),
    ...checkDependencies(roots, existing),
    ...checkNew(roots, existing),
    ...checkStepNames(roots),
    ...checkArtifacts(roots, existing),
    ...checkReferences(roots, existing),
    ...checkPathPatterns(roots),
  ];
}
