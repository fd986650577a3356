import type { ConcurrencyPlan, DependencyPlan, PipelinePlan, RetryPlan, StepPlan, WorkflowPlan } from "./plan.ts";
import { type Cell, cellName, cellsOf, matrixVariable } from "./matrix.ts";
import type { Concurrency, PipelineFile, Retry, Step, Workflow } from "./schema.ts";
import { reasons } from "./policies.ts";
import { defaultStepName } from "./step-names.ts";

/** A checked workflow of a file with the cells of its matrix. */
interface Expanded {
  base: string;
  workflow: Workflow;
  cells: Cell[];
}

/** The plan of a checked file whose workflows stand in the order `bases`. */
export function expand(options: { file: PipelineFile; bases: string[]; defaultName: string }): PipelinePlan {
  const { file, bases, defaultName } = options;
  const expanded = bases.flatMap((base) => {
    const workflow = file.workflows[base];
    return workflow ? [{ base, workflow, cells: cellsOf(workflow.matrix) }] : [];
  });
  const names = new Map(expanded.map(({ base, cells }) => [base, cells.map((cell) => cellName(base, cell))]));
  const workflows = expanded.flatMap((each) => {
    const dependsOn = each.workflow.depends_on.flatMap(({ workflow, on }) =>
      (names.get(workflow) ?? []).map((name) => ({ name, on })),
    );
    return each.cells.map((cell) => workflowPlan(file, each, cell, dependsOn));
  });
  return { name: file.name ?? defaultName, workflows };
}

function workflowPlan(
  file: PipelineFile,
  { base, workflow }: Expanded,
  cell: Cell,
  dependsOn: DependencyPlan[],
): WorkflowPlan {
  const variables = Object.entries(cell).map(([key, value]) => [matrixVariable(key), value]);
  return {
    name: cellName(base, cell),
    base,
    matrix: cell,
    labels: { ...workflow.labels },
    env: { ...file.env, ...workflow.env, ...Object.fromEntries(variables) },
    timeoutMs: workflow.timeout,
    onAgentLost: workflow.on_agent_lost,
    dependsOn: dependsOn.map((dependency) => ({ ...dependency })),
    priority: workflow.priority,
    ...(workflow.concurrency && { concurrency: concurrencyPlan(workflow.concurrency) }),
    ...(workflow.retry && { retry: retryPlan(workflow.retry, workflow.on_agent_lost) }),
    queueTimeoutMs: workflow.queue_timeout,
    steps: workflow.steps.map(stepPlan),
  };
}

function concurrencyPlan({ group, limit, when_full }: Concurrency): ConcurrencyPlan {
  return { group, limit, whenFull: when_full };
}

function retryPlan({ max, backoff, backoff_max, on }: Retry, onAgentLost: Workflow["on_agent_lost"]): RetryPlan {
  // What must not run again when its agent is lost is not tried again for that, unless its author says so.
  const usual = reasons.filter((reason) => reason !== "lost" || onAgentLost !== "fail");
  return { max, backoffMs: backoff, backoffMaxMs: backoff_max, on: [...(on ?? usual)] };
}

function stepPlan({ name, run, shell, env, timeout }: Step, index: number): StepPlan {
  return { name: name ?? defaultStepName(index), run, shell, env: { ...env }, timeoutMs: timeout ?? 0 };
}
