import type { ExplainWorkflowResponse, WaitReason } from "@groundcrew/proto";
import { DependencyCondition } from "@groundcrew/proto";
import { paint, type Style } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { visible } from "../terminal/visible.ts";
import { workflowLook } from "./looks.ts";

/** Says why a workflow does not run yet: one line for each cause, and below it what it is about, if there is a list. */
export function renderExplanation(id: string, explanation: ExplainWorkflowResponse, style: Style): string[] {
  const { state, summary, reasons } = explanation;
  const stands = `Workflow ${id} is ${workflowLook(state).word}`;
  const [only, ...others] = reasons;
  if (!only) return [`${stands}: ${visible(summary)}`];
  if (others.length === 0) return [`${stands}: ${visible(only.text)}`, ...details(only, style)];
  const lines = reasons.flatMap((reason) => [`- ${visible(reason.text)}`, ...details(reason, style)]);
  return [`${stands}, kept by all of these:`, ...lines];
}

function details({ reason }: WaitReason, style: Style): string[] {
  switch (reason.case) {
    case "workflows":
      return indented(
        reason.value.parents.map((each) => [each.id, each.name, workflowLook(each.state).word, wanted(each.condition)]),
        style,
      );
    case "group":
      return indented(
        reason.value.holderIds.map((id) => ["has a place:", `workflow ${id}`]),
        style,
      );
    case "agent":
      return indented(
        reason.value.closest.map(({ agent, misses }) => [agent, misses.join(", ")]),
        style,
      );
    default:
      return [];
  }
}

function wanted(condition: DependencyCondition): string {
  switch (condition) {
    case DependencyCondition.ALWAYS:
      return "must end";
    case DependencyCondition.FAILURE:
      return "must fail";
    default:
      return "must succeed";
  }
}

function indented(rows: string[][], style: Style): string[] {
  const columns = rows[0]?.map(() => ({ title: "" })) ?? [];
  return renderTable(columns, rows, { style })
    .slice(1)
    .map((line) => `    ${paint(style, "dim", line)}`);
}
