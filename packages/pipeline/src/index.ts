export { type SourceFile } from "./read-yaml.ts";
export { checkFiles, planFiles, planPipeline, type PlanResult } from "./plan-pipeline.ts";
export { baseOf, type ExistingWorkflows } from "./existing.ts";
export { limits } from "./limits.ts";
export { formatProblem, type PlanProblem } from "./problem.ts";
export { events, manualTrigger, type Trigger } from "./trigger.ts";
export {
  checkExpression,
  evaluateExpression,
  ExpressionError,
  type ExpressionResult,
  type ExpressionScope,
  type ExpressionValue,
} from "./expression.ts";
export type * from "./plan.ts";
export { importFile, type ImportResult } from "./import/import-file.ts";
