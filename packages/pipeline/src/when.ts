import type { Condition, Filter } from "./condition-schema.ts";
import { evaluateExpression, ExpressionError, type ExpressionScope } from "./expression.ts";
import { matchesGlob } from "./glob.ts";
import { limits } from "./limits.ts";
import type { Cell } from "./matrix.ts";
import type { Trigger } from "./trigger.ts";

/** What an expression knows while a pipeline is planned: nothing has run. */
export function planningScope({ event, branch, tag, parameters }: Trigger, matrix: Cell): ExpressionScope {
  return { steps: {}, workflows: {}, matrix, event, branch, tag, parameters, status: "success" };
}

/** Whether all that a condition says of the trigger holds, its expression aside. */
export function fitsTrigger({ event, branch, tag, path, cron }: Condition, trigger: Trigger): boolean {
  return (
    passes(event, trigger.event) &&
    passes(branch, trigger.branch) &&
    passes(tag, trigger.tag) &&
    passes(cron, trigger.cron) &&
    (path === undefined || touches(path, trigger.paths))
  );
}

function touches(path: Filter, changed: readonly string[] | undefined): boolean {
  if (!changed || changed.length > limits.changedPaths) return true;
  return changed.some((each) => passes(path, each));
}

/** A text that is empty, such as the tag of a push, is matched by no pattern. */
function passes(filter: Filter | undefined, text: string): boolean {
  const matches = (pattern: string) => text !== "" && matchesGlob(text, pattern);
  return !filter || ((filter.include?.some(matches) ?? true) && !filter.exclude.some(matches));
}

/** Whether the expression of a condition is true. Throws ExpressionError where it is neither true nor false. */
export function isTrue(expression: string | undefined, scope: ExpressionScope): boolean {
  const value = expression === undefined || evaluateExpression(expression, scope);
  if (typeof value === "boolean") return value;
  throw new ExpressionError(`expected true or false, found ${JSON.stringify(value)}`);
}
