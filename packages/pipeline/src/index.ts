export { planPipeline, type PlanResult } from "./plan-pipeline.ts";
export { formatProblem, type PlanProblem } from "./problem.ts";
export type {
  ConcurrencyPlan,
  DependencyCondition,
  DependencyPlan,
  PipelinePlan,
  RetryPlan,
  RetryReason,
  StepPlan,
  WorkflowPlan,
} from "./plan.ts";
