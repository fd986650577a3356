import type { parse } from "@bufbuild/cel";
import { limits } from "./limits.ts";
import { didYouMean } from "./nearest.ts";
import { quote } from "./show.ts";

/** A node of a parsed expression. */
export type Expr = NonNullable<ReturnType<typeof parse>["expr"]>;

/** What every expression may name. */
export const expressionVariables = ["steps", "workflows", "matrix", "event", "branch", "tag", "parameters", "status"];

/** What every expression may call. */
export const expressionFunctions = [
  "success",
  "failure",
  "canceled",
  "always",
  "hashFiles",
  "size",
  "contains",
  "startsWith",
  "endsWith",
  "matches",
  "has",
  "lowerAscii",
  "upperAscii",
  "trim",
  "substring",
  "indexOf",
  "string",
  "int",
  "double",
  "bool",
];

/** Finds a name that no expression has, or more loops than are allowed. */
export function wrongInExpression(root: Expr): string | undefined {
  const nodes = [...nodesOf(root)];
  const loops = nodes.flatMap(({ exprKind }) => (exprKind.case === "comprehensionExpr" ? [exprKind.value] : []));
  if (loops.length > limits.expressionLoops)
    return `it goes over lists ${loops.length} times, at most ${limits.expressionLoops} are allowed`;
  const bound = loops.flatMap(({ iterVar, iterVar2, accuVar }) => [iterVar, iterVar2, accuVar]);
  for (const { exprKind } of nodes) {
    const wrong =
      exprKind.case === "identExpr"
        ? unknownName("name", exprKind.value.name, [...expressionVariables, ...bound])
        : exprKind.case === "callExpr"
          ? unknownFunction(exprKind.value.function)
          : undefined;
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Operators are functions whose names are no names, such as `_&&_`. */
function unknownFunction(name: string): string | undefined {
  return /^\w*[a-z]\w*$/i.test(name) ? unknownName("function", name, expressionFunctions) : undefined;
}

function unknownName(kind: string, name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined;
  const shown = known.filter((each) => !each.startsWith("@") && each !== "");
  return `unknown ${kind} ${quote(name)}${didYouMean(name, shown) || `; there are ${shown.join(", ")}`}`;
}

/** Every node of an expression, itself first. */
export function* nodesOf(root: Expr): Generator<Expr> {
  const open: (Expr | undefined)[] = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    yield node;
    open.push(...childrenOf(node).filter((child) => child !== undefined));
  }
}

function childrenOf({ exprKind }: Expr): (Expr | undefined)[] {
  switch (exprKind.case) {
    case "selectExpr":
      return [exprKind.value.operand];
    case "callExpr":
      return [exprKind.value.target, ...exprKind.value.args];
    case "listExpr":
      return exprKind.value.elements;
    case "structExpr":
      return exprKind.value.entries.flatMap(({ keyKind, value }) => [
        keyKind.case === "mapKey" ? keyKind.value : undefined,
        value,
      ]);
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return [iterRange, accuInit, loopCondition, loopStep, result];
    }
    default:
      return [];
  }
}
