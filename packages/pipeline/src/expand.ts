import type { ExistingWorkflows } from "./existing.ts";
import type { Chosen } from "./choose.ts";
import { type Cell, cellName, matrixVariable } from "./matrix.ts";
import { PlannedTexts } from "./planned-texts.ts";
import type { ConcurrencyPlan, DependencyPlan, RetryPlan, WorkflowPlan } from "./plan.ts";
import { reasons } from "./policies.ts";
import type { Finding } from "./problem.ts";
import type { Retry, Workflow } from "./schema.ts";
import { stepPlans } from "./step-plans.ts";
import type { Trigger } from "./trigger.ts";
import { fixedOf, layered } from "./variables.ts";

/** The workflows of a plan, each cell of a matrix one, or what cannot be computed for them. */
export function expand(
  chosen: readonly Chosen[],
  trigger: Trigger,
  existing: ExistingWorkflows,
): { workflows: WorkflowPlan[]; findings: Finding[] } {
  const own = chosen.map(({ base, cells }) => [base, cells.map((cell) => cellName(base, cell))] as const);
  const names = new Map([...existing, ...own]);
  const findings: Finding[] = [];
  const workflows = chosen.flatMap((each) => {
    const dependsOn = each.workflow.depends_on.flatMap(({ workflow, on }) =>
      (names.get(workflow) ?? []).map((name) => ({ name, on })),
    );
    return each.cells.map((cell) => {
      const texts = new PlannedTexts({ ...each, cell, trigger, findings });
      return workflowPlan(each, cell, dependsOn, texts);
    });
  });
  return { workflows, findings };
}

function workflowPlan(
  { base, workflow, fileEnv }: Chosen,
  cell: Cell,
  dependsOn: DependencyPlan[],
  texts: PlannedTexts,
): WorkflowPlan {
  const variables = Object.entries(cell).map(([key, value]) => [matrixVariable(key), value]);
  const { concurrency, retry, checkout } = workflow;
  const inherited = layered({ env: fileEnv, secrets: {} }, workflow);
  return {
    name: cellName(base, cell),
    base,
    matrix: { ...cell },
    labels: texts.labels(workflow.labels),
    env: { ...fixedOf(inherited.env), ...Object.fromEntries(variables) },
    timeoutMs: workflow.timeout,
    onAgentLost: workflow.on_agent_lost,
    dependsOn: dependsOn.map((dependency) => ({ ...dependency })),
    priority: workflow.priority,
    ...(concurrency && { concurrency: concurrencyPlan(concurrency, texts) }),
    ...(retry && { retry: retryPlan(retry, workflow.on_agent_lost) }),
    queueTimeoutMs: workflow.queue_timeout,
    approval: workflow.approval,
    ...(checkout && { checkout: { ...checkout } }),
    steps: stepPlans(workflow.steps, inherited),
  };
}

type Concurrency = NonNullable<Workflow["concurrency"]>;

function concurrencyPlan({ group, limit, when_full }: Concurrency, texts: PlannedTexts): ConcurrencyPlan {
  return { group: texts.group(group), limit, whenFull: when_full };
}

function retryPlan({ max, backoff, backoff_max, on }: Retry, onAgentLost: Workflow["on_agent_lost"]): RetryPlan {
  // What must not run again when its agent is lost is not tried again for that, unless its author says so.
  const usual = reasons.filter((reason) => reason !== "lost" || onAgentLost !== "fail");
  return { max, backoffMs: backoff, backoffMaxMs: backoff_max, on: [...(on ?? usual)] };
}
