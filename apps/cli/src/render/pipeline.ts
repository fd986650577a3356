import { BlockReason, StepState, WorkflowState, type Pipeline, type StepRun, type Workflow } from "@groundcrew/proto";
import { paint } from "../terminal/style.ts";
import { visible } from "../terminal/visible.ts";
import { displayWidth, truncate } from "../terminal/width.ts";
import { endReasonText, hasEnded, stepLook, symbolOf, workflowLook } from "./looks.ts";
import { nameWidth, renderRow, type Row } from "./row.ts";
import { elapsedText, timeText, type View } from "./view.ts";

/**
 * Draws a pipeline: a heading, its workflows with their steps, and a line that sums up. With a height, steps and then
 * workflows that need no attention are left out, and a line says how many.
 */
export function renderPipeline(pipeline: Pipeline, view: View): string[] {
  const heading = renderHeading(pipeline, view);
  const summary = renderSummary(pipeline, view);
  const room = view.height === undefined ? Infinity : Math.max(1, view.height - 2);
  const lines = [heading, ...renderWorkflows(pipeline.workflows, room, view), summary];
  return view.height === undefined ? lines : lines.slice(0, Math.max(1, view.height));
}

/** The newest run of each step of the newest epoch, in the order they first ran. */
export function newestStepRuns(workflow: Workflow): StepRun[] {
  const byStep = new Map<string, StepRun>();
  for (const run of workflow.stepRuns) {
    if (run.ref?.epoch === workflow.epoch) byStep.set(run.ref.step, run);
  }
  return [...byStep.values()];
}

function renderHeading(pipeline: Pipeline, view: View): string {
  const look = workflowLook(pipeline.state);
  const active = pipeline.state === WorkflowState.RUNNING && view.live === true;
  const about = [`#${pipeline.id}`, sourceText(pipeline), look.word, elapsedText(pipeline, view.nowMs)];
  const name = truncate(visible(pipeline.name), Math.max(1, view.width - 4));
  const rest = truncate(about.filter(Boolean).join("  "), Math.max(0, view.width - 6 - displayWidth(name)));
  return ` ${symbolOf(look, view, active)} ${paint(view.style, "bold", name)}  ${paint(view.style, "dim", rest)}`.trimEnd();
}

/** Where a pipeline's code comes from, short: `main@1a2b3c4`. Empty without a source. */
export function sourceText(pipeline: Pipeline): string {
  const { branch = "", commit = "", repository = "" } = pipeline.source ?? {};
  const at = [branch, commit.slice(0, 7)].filter(Boolean).join("@");
  return visible(at || repository);
}

interface Block {
  workflow: Workflow;
  head: Row;
  steps: Row[];
}

/** Draws workflows with their steps, in at most `room` lines: what needs attention is left out last. */
export function renderWorkflows(workflows: Workflow[], room: number, view: View): string[] {
  const blocks = workflows.map((workflow) => toBlock(workflow, view.nowMs));
  const { shown, hidden } = select(blocks, room);
  const rows = shown.flatMap(({ head, steps }) => [head, ...steps]);
  const width = nameWidth(
    blocks.flatMap(({ head, steps }) => [head, ...steps]),
    view,
  );
  const lines = rows.map((row) => renderRow(row, width, view));
  return hidden.length === 0 ? lines : [...lines, renderHidden(hidden, view)];
}

function toBlock(workflow: Workflow, nowMs: number): Block {
  const look = workflowLook(workflow.state);
  const active = workflow.state === WorkflowState.RUNNING || workflow.state === WorkflowState.LEASED;
  const head: Row = {
    depth: 0,
    name: workflow.name,
    look,
    active,
    duration: elapsedText(workflow, nowMs),
    note: workflowNote(workflow),
    noteLook: isBad(workflow.state) ? "red" : "dim",
  };
  return { workflow, head, steps: newestStepRuns(workflow).map((run) => toStepRow(run, nowMs)) };
}

function toStepRow(run: StepRun, nowMs: number): Row {
  return {
    depth: 1,
    name: run.ref?.step ?? "",
    look: stepLook(run.state),
    active: run.state === StepState.RUNNING,
    duration: elapsedText(run, nowMs),
    note: stepNote(run),
    noteLook: run.state === StepState.FAILED ? "red" : "dim",
  };
}

/** How a step ended, when not simply well: its exit code or signal, and its error. */
export function stepNote(run: StepRun): string {
  const code = run.exitCode === undefined || run.exitCode === 0 ? "" : `exit code ${run.exitCode}`;
  return [code, run.signal, run.error].filter(Boolean).join(", ");
}

/** What a workflow waits for, where it runs, or why it ended. */
export function workflowNote(workflow: Workflow): string {
  if (hasEnded(workflow.state)) return endNote(workflow);
  const notes = [waitNote(workflow), workflow.attempt > 1 ? `attempt ${workflow.attempt}` : ""];
  if (workflow.cancelRequested) notes.push(`${workflow.canceledBy || "somebody"} asked to cancel it`);
  return notes.filter(Boolean).join(", ");
}

function endNote(workflow: Workflow): string {
  const on = workflow.state === WorkflowState.SUCCEEDED && workflow.agent !== "" ? `on ${workflow.agent}` : "";
  const by = workflow.state === WorkflowState.CANCELED && workflow.canceledBy !== "" ? `by ${workflow.canceledBy}` : "";
  const why = by === "" ? endReasonText(workflow.endReason) : "";
  return [on, by, why, workflow.error].filter(Boolean).join(": ");
}

function waitNote(workflow: Workflow): string {
  switch (workflow.state) {
    case WorkflowState.QUEUED:
      return `waits for an agent${labelText(workflow.labels)}`;
    case WorkflowState.BLOCKED:
      return blockNote(workflow);
    default:
      return workflow.agent === "" ? "" : `on ${workflow.agent}`;
  }
}

function labelText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? "" : ` with ${pairs.join(", ")}`;
}

function blockNote(workflow: Workflow): string {
  switch (workflow.blockReason) {
    case BlockReason.DEPENDENCY:
      return `after ${workflow.dependsOn.join(", ")}`;
    case BlockReason.DELAY:
      return delayNote(workflow);
    case BlockReason.LIMIT:
      return `its concurrency group ${workflow.concurrencyGroup} is full`;
    case BlockReason.PAUSE:
      return "paused";
    case BlockReason.APPROVAL:
      return "waits for approval";
    case BlockReason.HOLDING:
      return "held for an operator";
    default:
      return "";
  }
}

function delayNote({ notBefore, retries }: Workflow): string {
  if (!notBefore) return "its start is delayed";
  return `${retries === 0 ? "starts" : "is tried again"} after ${timeText(notBefore)}`;
}

function isBad(state: WorkflowState): boolean {
  return rankOf(state) === 0;
}

// What needs attention first: 0 bad, 1 active, 2 about to start, 3 waiting, 4 well ended.
function rankOf(state: WorkflowState): number {
  switch (state) {
    case WorkflowState.FAILED:
    case WorkflowState.TIMED_OUT:
    case WorkflowState.LOST:
      return 0;
    case WorkflowState.RUNNING:
      return 1;
    case WorkflowState.LEASED:
      return 2;
    case WorkflowState.QUEUED:
    case WorkflowState.BLOCKED:
      return 3;
    default:
      return 4;
  }
}

// From all steps to none: the first choice that fits the room is taken.
const stepFilters: ((block: Block, step: Row) => boolean)[] = [
  () => true,
  ({ workflow }) => rankOf(workflow.state) < 3,
  ({ workflow }, step) => rankOf(workflow.state) < 3 && (step.active || step.look.colour === "red"),
  () => false,
];

function select(blocks: Block[], room: number): { shown: Block[]; hidden: Block[] } {
  for (const keep of stepFilters) {
    const shown = blocks.map((block) => ({ ...block, steps: block.steps.filter((step) => keep(block, step)) }));
    if (shown.reduce((sum, { steps }) => sum + 1 + steps.length, 0) <= room) return { shown, hidden: [] };
  }
  const ranked = blocks.toSorted((a, b) => rankOf(a.workflow.state) - rankOf(b.workflow.state));
  const chosen = new Set(ranked.slice(0, Math.max(0, room - 1)));
  return {
    shown: blocks.filter((block) => chosen.has(block)).map((block) => ({ ...block, steps: [] })),
    hidden: blocks.filter((block) => !chosen.has(block)),
  };
}

function renderHidden(hidden: Block[], view: View): string {
  const text = `and ${hidden.length} more: ${countStates(hidden.map(({ workflow }) => workflow))}`;
  return paint(view.style, "dim", truncate(`   ${text}`, view.width));
}

function renderSummary({ workflows }: Pipeline, view: View): string {
  const done = workflows.filter(({ state }) => hasEnded(state)).length;
  const bar = renderBar(done, workflows.length, view);
  const text = `${done} of ${workflows.length} ended: ${countStates(workflows)}`;
  return ` ${bar}${truncate(text, Math.max(0, view.width - 1 - displayWidth(bar)))}`;
}

const BAR_WIDTH = 20;

function renderBar(done: number, total: number, view: View): string {
  if (view.width < 60 || total === 0) return "";
  const filled = Math.round((done / total) * BAR_WIDTH);
  const [full, empty] = view.style.unicode ? ["━", "─"] : ["#", "-"];
  const rest = paint(view.style, "dim", empty.repeat(BAR_WIDTH - filled));
  return `${paint(view.style, "green", full.repeat(filled))}${rest}  `;
}

function countStates(workflows: Workflow[]): string {
  const counts = new Map<string, number>();
  for (const { state } of workflows.toSorted((a, b) => rankOf(a.state) - rankOf(b.state))) {
    const { word } = workflowLook(state);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
}
