export { planPipeline, type PlanResult } from "./plan-pipeline.ts";
export { formatProblem, type PlanProblem } from "./problem.ts";
export type { PipelinePlan, StepPlan, WorkflowPlan } from "./plan.ts";
