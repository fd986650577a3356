import {
  StepState,
  Verdict,
  WorkflowState,
  type Pipeline,
  type StepRun,
  type VettingRun,
  type Workflow,
} from "@groundcrew/proto";
import { stepLook, symbolOf, verdictLook, workflowLook, type Look } from "../../apps/cli/src/render/looks.ts";
import { newestStepRuns, stepNote, workflowNote } from "../../apps/cli/src/render/pipeline.ts";
import { gatesText, machineText, vettingLook } from "../../apps/cli/src/render/vetting.ts";
import { elapsedText, type View } from "../../apps/cli/src/render/view.ts";
import { wrap } from "../../apps/cli/src/terminal/width.ts";
import { paint } from "../../apps/cli/src/terminal/style.ts";
import { renderTable, type Cell, type Column } from "../../apps/cli/src/terminal/table.ts";
import { visible } from "../../apps/cli/src/terminal/visible.ts";
import type { Check } from "./checks.ts";
import type { StoredLog } from "./stored-logs.ts";

/** What the demo ends with. */
export interface Ending {
  pipeline: Pipeline;
  vetting: VettingRun;
  checks: readonly Check[];
}

/** Whether every workflow succeeded, the machine is not worse than `warn`, and every check held. */
export function hasPassed({ pipeline, vetting, checks }: Ending): boolean {
  return (
    pipeline.workflows.every(({ state }) => state === WorkflowState.SUCCEEDED) &&
    (vetting.verdict === Verdict.PASS || vetting.verdict === Verdict.WARN) &&
    checks.every(({ passed }) => passed)
  );
}

/** A table of what ran, how much of the machine was vetted, and what was checked. */
export function renderSummary({ pipeline, vetting, checks }: Ending, view: View): string[] {
  const rows = [
    ...pipeline.workflows.flatMap((workflow) => workflowRows(workflow, view)),
    ...vettingRows(vetting, view),
  ];
  return [
    "",
    ...renderTable(COLUMNS, rows, { style: view.style, width: view.width }),
    "",
    ...renderCoverage(vetting, view),
    "",
    ...renderChecks(checks, view),
    "",
  ];
}

const COLUMNS: Column[] = [
  { title: "WORKFLOW, STEP", flexible: true },
  { title: "RESULT" },
  { title: "TIME", align: "right" },
  { title: "", flexible: true },
];

function row(name: string, look: Look, time: string, note: string): Cell[] {
  return [name, { text: look.word, look: look.colour }, time, { text: note, look: "dim" }];
}

function workflowRows(workflow: Workflow, { nowMs }: View): Cell[][] {
  const again = workflow.attempt > 1 ? `, attempt ${workflow.attempt}` : "";
  const note = `${workflowNote(workflow)}${again}`;
  const steps = newestStepRuns(workflow).map((run) => stepRow(run, nowMs));
  return [row(workflow.name, workflowLook(workflow.state), elapsedText(workflow, nowMs), note), ...steps];
}

function stepRow(run: StepRun, nowMs: number): Cell[] {
  const lines = run.lineCount === 1 ? "1 line" : `${run.lineCount} lines`;
  const note = [stepNote(run), run.lineCount === 0 ? "" : lines].filter(Boolean).join(", ");
  return row(`  ${run.ref?.step ?? ""}`, stepLook(run.state), elapsedText(run, nowMs), note);
}

function vettingRows(run: VettingRun, { nowMs }: View): Cell[][] {
  const time = run.workflow ? elapsedText(run.workflow, nowMs) : "";
  const head = row(
    `vetting ${machineText(run)}`,
    vettingLook(run),
    time,
    run.workflow ? workflowNote(run.workflow) : "",
  );
  const stages = run.stages.filter(({ verdict }) => verdict !== Verdict.SKIP);
  return [head, ...stages.map((stage) => stageRow(stage, nowMs))];
}

function stageRow(stage: VettingRun["stages"][number], nowMs: number): Cell[] {
  const note = [...stage.reasons, gatesText(stage)].filter(Boolean).join("; ");
  return row(`  ${stage.name}`, verdictLook(stage.verdict), elapsedText(stage, nowMs), note);
}

const JUDGED: ReadonlySet<Verdict> = new Set([Verdict.PASS, Verdict.WARN, Verdict.FAIL]);

function renderCoverage({ stages, notCovered }: VettingRun, { width }: View): string[] {
  const judged = stages.filter(({ verdict }) => JUDGED.has(verdict)).length;
  const gaps = notCovered.map(shortGap).join(", ") || "nothing";
  return wrap(`vetted ${judged} of ${stages.length}, not covered: ${gaps}`, width, { first: "", rest: "  " });
}

/** A stage, or a metric of one, without why: the report says that. */
function shortGap(gap: string): string {
  const [, metric] = /^(?:\w+: )?(\S+) was not measured/.exec(gap) ?? [];
  return metric ?? gap.replace(/:.*/s, "");
}

function renderChecks(checks: readonly Check[], view: View): string[] {
  const width = Math.max(...checks.map(({ promise }) => promise.length));
  return checks.map(({ passed, promise, found }) => {
    const symbol = symbolOf(verdictLook(passed ? Verdict.PASS : Verdict.FAIL), view);
    return `${symbol} ${promise.padEnd(width)}  ${passed ? found : paint(view.style, "red", found)}`;
  });
}

/** How many of its last lines are shown of a step that did not pass. */
const SHOWN_LINES = 20;

/** The last lines of each step that failed or ran too long. */
export function renderFailedSteps(logs: readonly StoredLog[], { style }: View): string[] {
  const failed = logs.filter(({ stepRun: { state } }) => state === StepState.FAILED || state === StepState.TIMED_OUT);
  return failed.flatMap(({ workflow, stepRun, lines }) => [
    paint(style, "bold", `The last lines of ${workflow}, step ${stepRun.ref?.step ?? ""}:`),
    ...lines.slice(-SHOWN_LINES).map(({ text }) => `  ${visible(text)}`),
    "",
  ]);
}
