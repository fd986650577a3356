import { type Expr, nodesOf } from "./expression-names.ts";

/** A name that an expression reads: `steps.build` or `steps["build"].outputs.version`. */
export interface Reference {
  of: "steps" | "workflows" | "matrix";
  name: string;
  /** The output that it reads of it, if any. */
  output?: string;
}

/** What an expression reads, but for what it only asks for, as `has(matrix.os)` does. */
export function referencesIn(root: Expr): Reference[] {
  const nodes = [...nodesOf(root)];
  const outputs = new Map(nodes.flatMap((node) => outputIn(node)));
  return nodes.flatMap((node) => {
    const read = memberOf(node);
    const of = read && identOf(read.operand);
    if (!read || (of !== "steps" && of !== "workflows" && of !== "matrix")) return [];
    const output = outputs.get(node);
    return [{ of, name: read.name, ...(output !== undefined && { output }) }];
  });
}

/** Of `x.outputs.NAME`: the node of `x`, and NAME. */
function outputIn(node: Expr): [Expr, string][] {
  const read = memberOf(node);
  const outputs = read && memberOf(read.operand);
  return read && outputs?.name === "outputs" ? [[outputs.operand, read.name]] : [];
}

/** Of `x.NAME` or `x["NAME"]`: `x`, and NAME. */
function memberOf({ exprKind }: Expr): { operand: Expr; name: string } | undefined {
  if (exprKind.case === "selectExpr") {
    const { operand, field, testOnly } = exprKind.value;
    return operand && !testOnly ? { operand, name: field } : undefined;
  }
  if (exprKind.case !== "callExpr" || exprKind.value.function !== "_[_]") return undefined;
  const [operand, index] = exprKind.value.args;
  const constant = index?.exprKind.case === "constExpr" ? index.exprKind.value.constantKind : undefined;
  return operand && constant?.case === "stringValue" ? { operand, name: constant.value } : undefined;
}

function identOf({ exprKind }: Expr): string | undefined {
  return exprKind.case === "identExpr" ? exprKind.value.name : undefined;
}
