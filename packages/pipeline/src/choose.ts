import type { ExistingWorkflows } from "./existing.ts";
import { ExpressionError } from "./expression.ts";
import { type Located, locate, workflowsOf } from "./located.ts";
import { type Cell, cellName, cellsOf } from "./matrix.ts";
import type { LeftOut } from "./plan.ts";
import type { Finding } from "./problem.ts";
import type { Workflow } from "./schema.ts";
import { dotted, quote } from "./show.ts";
import type { Source } from "./source.ts";
import type { Env } from "./step-schema.ts";
import type { Trigger } from "./trigger.ts";
import { fitsTrigger, isTrue, planningScope } from "./when.ts";

/** A checked workflow with those cells of its matrix that the trigger starts. */
export interface Chosen {
  base: string;
  workflow: Workflow;
  root: Located;
  /** Of its file. */
  fileEnv: Env;
  cells: Cell[];
}

/** What a trigger starts of the files. */
interface Choice {
  chosen: Chosen[];
  leftOut: LeftOut[];
  findings: Finding[];
}

/**
 * Leaves out the cells whose `when` the trigger does not fit, and then, again and again, the workflows that wait for
 * the success or the failure of one of which nothing is left.
 */
export function choose(sources: readonly Source[], trigger: Trigger, existing: ExistingWorkflows): Choice {
  const findings: Finding[] = [];
  const leftOut: LeftOut[] = [];
  const fitting = sources.flatMap(workflowsIn).map((each) => {
    const cells = fittingCells(each, trigger, findings);
    const others = each.cells.filter((cell) => !cells.includes(cell));
    leftOut.push(...others.map((cell) => ({ name: cellName(each.base, cell), why: misfit(trigger) })));
    return { ...each, cells };
  });
  const chosen = withoutOrphans(fitting, existing, leftOut);
  return { chosen, leftOut, findings };
}

function workflowsIn({ root, file }: Source): Chosen[] {
  return workflowsOf(root).flatMap(([base]) => {
    const workflow = file.workflows[base];
    return workflow ? [{ base, workflow, root, fileEnv: file.env, cells: cellsOf(workflow.matrix) }] : [];
  });
}

function fittingCells({ workflow, base, root, cells }: Chosen, trigger: Trigger, findings: Finding[]): Cell[] {
  const asked = workflow.when?.map((condition, index) => ({ condition, index }));
  const possible = asked?.filter(({ condition }) => fitsTrigger(condition, trigger));
  if (!possible) return cells;
  return cells.filter((cell) =>
    possible.some(({ condition, index }) => {
      try {
        return isTrue(condition.expression, planningScope(trigger, cell));
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        findings.push(unanswered(root, ["workflows", base, "when"], index, error));
        return false;
      }
    }),
  );
}

function unanswered(root: Located, path: PropertyKey[], index: number, { message }: ExpressionError): Finding {
  const listed = [...path, index, "expression"];
  const place = locate(root, listed).value ? listed : [...path, "expression"];
  return { at: locate(root, place).at, message: `${dotted(place)}: ${message}` };
}

function misfit({ event, branch, tag }: Trigger): string {
  const started = [event, branch && `of branch ${quote(branch)}`, tag && `of tag ${quote(tag)}`];
  return `its \`when\` does not fit ${started.filter(Boolean).join(" ")}`;
}

function withoutOrphans(all: Chosen[], existing: ExistingWorkflows, leftOut: LeftOut[]): Chosen[] {
  const left = all.filter(({ cells }) => cells.length > 0);
  const bases = new Set([...existing.keys(), ...left.map(({ base }) => base)]);
  const kept = left.filter((each) => {
    const missing = each.workflow.depends_on.find(({ workflow, on }) => on !== "always" && !bases.has(workflow));
    if (!missing) return true;
    const why = `it waits for the ${missing.on} of ${quote(missing.workflow)}, which is left out`;
    leftOut.push(...each.cells.map((cell) => ({ name: cellName(each.base, cell), why })));
    return false;
  });
  return kept.length === left.length ? kept : withoutOrphans(kept, existing, leftOut);
}
