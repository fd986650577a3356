import { evaluateExpression, type ExpressionScope } from "@groundcrew/pipeline";
import type { StepPlan } from "@groundcrew/proto";

/** What becomes of a step whose turn has come: it runs, is left out, or fails because its condition cannot be told. */
export type StepDecision = { kind: "run" } | { kind: "skip" } | { kind: "refuse"; message: string };

/** How the build stands when a step's turn comes. */
export interface Standing {
  /** How it went so far. */
  status: ExpressionScope["status"];
  /** It was canceled or ran past its timeout: only clean-ups still run. */
  stopped: boolean;
  /** What the condition may look at. Called where there is one. */
  scope: () => ExpressionScope;
}

type Conditions = Pick<StepPlan, "condition" | "always">;

/**
 * Whether a step runs. Without a word on how it went so far in its condition, it runs only while all is well; a clean-up
 * runs whatever came before, after a cancel or a timeout as well.
 */
export function decideStep(step: Conditions, { status, stopped, scope }: Standing): StepDecision {
  if (stopped && !isCleanUp(step)) return { kind: "skip" };
  if (status !== "success" && !step.always && !asksHowItWent(step.condition)) return { kind: "skip" };
  return step.condition === "" ? { kind: "run" } : judge(step.condition, scope());
}

/** Whether a step still runs after a cancel or a timeout, if its condition then holds. */
export function isCleanUp({ always, condition }: Conditions): boolean {
  return always || /\b(always|canceled)\s*\(/.test(withoutTexts(condition));
}

function asksHowItWent(condition: string): boolean {
  return /\b(success|failure|canceled|always)\s*\(/.test(withoutTexts(condition));
}

function withoutTexts(expression: string): string {
  return expression.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
}

function judge(condition: string, scope: ExpressionScope): StepDecision {
  try {
    const value = evaluateExpression(condition, scope);
    if (typeof value === "boolean") return { kind: value ? "run" : "skip" };
    return { kind: "refuse", message: `if: ${condition}: expected true or false, found ${typeof value}` };
  } catch (error) {
    return { kind: "refuse", message: `if: ${condition}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
