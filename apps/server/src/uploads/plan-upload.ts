import {
  limits,
  planFiles,
  type PipelinePlan,
  type PlanProblem,
  type StepPlan,
  type Trigger,
} from "@groundcrew/pipeline";
import type { Upload } from "./checked-upload.ts";
import type { Known } from "./read-pipeline.ts";

/** What the files come to: workflows, or at least one problem. */
export type UploadPlan = { plan: PipelinePlan } | { problems: PlanProblem[] };

/** What the workflow whose step asks has. */
interface Owner {
  /** The pipeline's workflows. */
  known: Iterable<Known>;
  /** The asking workflow's own steps. */
  steps: readonly Pick<StepPlan, "secrets">[];
  /** What started the pipeline. */
  trigger: Trigger;
}

/**
 * Plans the files together, as those of any pipeline. They may depend on what the pipeline has; they may name no secret
 * that the asking workflow does not name itself.
 */
export function planUpload(files: Upload["files"], { known, steps, trigger }: Owner): UploadPlan {
  const existing = namesByBase(known);
  const result = planFiles({ files, trigger, existing });
  if (!result.ok) return { problems: result.problems };
  const path = files[0]?.path ?? "";
  const { workflows } = result.plan;
  const problems = [...tooMany(path, existing, workflows.length), ...foreignSecrets(path, workflows, steps)];
  return problems.length > 0 ? { problems } : { plan: result.plan };
}

function namesByBase(known: Iterable<Known>): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { base, name } of known) names.set(base, [...(names.get(base) ?? []), name]);
  return names;
}

function tooMany(path: string, existing: ReadonlyMap<string, readonly string[]>, added: number): PlanProblem[] {
  const total = [...existing.values()].reduce((sum, names) => sum + names.length, added);
  if (total <= limits.workflows) return [];
  const message = `workflows: expected at most ${limits.workflows} in the whole pipeline, found ${total} with these`;
  return [{ path, line: 1, column: 1, message }];
}

/** A step must not get at a secret by a workflow of its own making. */
export function foreignSecrets(
  path: string,
  workflows: readonly Pick<PipelinePlan["workflows"][number], "name" | "steps">[],
  steps: Owner["steps"],
): PlanProblem[] {
  const own = new Set(steps.flatMap(({ secrets }) => Object.values(secrets ?? {})));
  return workflows.flatMap(({ name: workflow, steps: added }) =>
    added.flatMap(({ name, secrets }) =>
      Object.values(secrets)
        .filter((secret) => !own.has(secret))
        .map((secret) => {
          const which = `workflows.${workflow}: step ${JSON.stringify(name)}: secrets`;
          const message = `${which}: expected only secrets that the uploading workflow names, found ${JSON.stringify(secret)}`;
          return { path, line: 1, column: 1, message };
        }),
    ),
  );
}
