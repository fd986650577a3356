import { evaluateExpression, type ExpressionScope } from "@groundcrew/pipeline";
import type { BuildPlan, StepPlan } from "@groundcrew/proto";
import type { Workspace } from "../workspace/workspace.ts";
import { baseEnvironment } from "./base-environment.ts";

/** What a step's environment is made of. */
export interface StepEnvironment {
  plan: BuildPlan;
  step: StepPlan;
  workspace: Workspace;
  /** The variables of whoever runs it, beneath those of the plan. */
  variables: Record<string, string>;
  /** What computed variables may look at. Called where there are any. */
  scope: () => ExpressionScope;
  /** The file that the step writes its outputs to. */
  outputFile: string;
}

/**
 * A step's whole environment: nothing of ours but PATH. Later ones win: whoever runs it, workflow, step, computed,
 * secrets. Throws an error that names the variable which cannot be told.
 */
export function stepEnvironment(options: StepEnvironment): Record<string, string> {
  const { plan, step, workspace, variables, outputFile } = options;
  return {
    ...baseEnvironment(workspace),
    TERM: "dumb",
    CI: "true",
    GROUNDCREW: "true",
    GROUNDCREW_STEP: step.name,
    ...variables,
    ...plan.env,
    ...step.env,
    ...computedVariables(step, options.scope),
    ...secretVariables(step, plan),
    GROUNDCREW_OUTPUT: outputFile,
  };
}

function computedVariables({ computedEnv }: StepPlan, scope: () => ExpressionScope): Record<string, string> {
  const computed = Object.entries(computedEnv);
  if (computed.length === 0) return {};
  const known = scope();
  return Object.fromEntries(computed.map(([name, expression]) => [name, computedValue(name, expression, known)]));
}

function computedValue(name: string, expression: string, scope: ExpressionScope): string {
  try {
    return String(evaluateExpression(expression, scope));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`computed_env ${name}: ${why}`, { cause: error });
  }
}

function secretVariables({ secrets }: StepPlan, plan: BuildPlan): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([variable, name]) => {
      const secret = plan.secrets.find((each) => each.name === name);
      if (!secret) throw new Error(`${variable}: there is no secret ${name} for this workflow`);
      return [variable, secret.value];
    }),
  );
}
