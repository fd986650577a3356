import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Verdict, type VettingAct, type VettingRun, type VettingStage } from "@groundcrew/proto";
import { paint } from "../terminal/style.ts";
import { formatDuration } from "../terminal/duration.ts";
import { visible } from "../terminal/visible.ts";
import { displayWidth, truncate, wrap } from "../terminal/width.ts";
import { symbolOf, verdictLook, workflowLook, type Look } from "./looks.ts";
import { workflowNote } from "./pipeline.ts";
import { nameWidth, renderRow, type Row } from "./row.ts";
import { describeChange, elapsedText, type View } from "./view.ts";

const runningLook: Look = { symbol: "●", ascii: "*", word: "running", colour: "yellow" };

const holdingLook: Look = { symbol: "■", ascii: "!", word: "holding", colour: "red" };

/** Draws a vetting run: a heading, its stages with their verdicts, and what was not covered. */
export function renderVettingRun(run: VettingRun, view: View): string[] {
  const rows = run.stages.map((stage) => toRow(run, stage, view.nowMs));
  const width = nameWidth(rows, view);
  const stages = rows.map((row) => renderRow(row, width, view));
  const lines = [
    renderHeading(run, view),
    ...stages,
    ...renderHold(run, view),
    ...renderActs(run, view),
    ...renderGaps(run, view),
  ];
  return view.height === undefined ? lines : lines.slice(0, Math.max(1, view.height));
}

/** The name, host name or serial a machine is best known by. */
export function machineText(run: VettingRun): string {
  const { hostname = "", serial = "" } = run.machine?.identity ?? {};
  return run.machine?.name || hostname || serial || run.machine?.id || "";
}

/** The run's verdict, or its workflow's state while there is none. */
export function vettingLook(run: VettingRun): Look {
  if (run.stage === "holding" && run.holdReason !== "") return holdingLook;
  if (run.verdict !== Verdict.UNSPECIFIED) return verdictLook(run.verdict);
  return workflowLook(run.workflow?.state ?? 0);
}

function renderHeading(run: VettingRun, view: View): string {
  const look = vettingLook(run);
  const active = look.word === "running" && view.live === true;
  const name = truncate(visible(`vetting ${machineText(run)}`), Math.max(1, view.width - 4));
  const elapsed = run.workflow ? elapsedText(run.workflow, view.nowMs) : "";
  const note = run.workflow ? workflowNote(run.workflow) : "";
  const about = [`#${run.id}`, `profile ${run.profile}`, look.word, elapsed, note];
  const rest = truncate(visible(about.filter(Boolean).join("  ")), Math.max(0, view.width - 6 - displayWidth(name)));
  return ` ${symbolOf(look, view, active)} ${paint(view.style, "bold", name)}  ${paint(view.style, "dim", rest)}`.trimEnd();
}

function isRunning(run: VettingRun, stage: VettingStage): boolean {
  return stage.verdict === Verdict.UNSPECIFIED && stage.startedAt !== undefined && run.stage === stage.name;
}

function toRow(run: VettingRun, stage: VettingStage, nowMs: number): Row {
  const running = isRunning(run, stage);
  return {
    depth: 0,
    name: stage.name,
    look: running ? runningLook : verdictLook(stage.verdict),
    active: running,
    duration: elapsedText(stage, nowMs),
    note: stageNote(stage),
    noteLook: stage.verdict === Verdict.FAIL || stage.verdict === Verdict.ERROR ? "red" : "dim",
  };
}

function stageNote(stage: VettingStage): string {
  const optional = stage.required || stage.verdict === Verdict.SKIP ? "" : "optional";
  return [...stage.reasons, gatesText(stage), optional].filter(Boolean).join("; ");
}

/** How a stage's gates went: `6 gates held, 4 not measured`. Empty without gates. */
export function gatesText({ gates }: VettingStage): string {
  if (gates.length === 0) return "";
  const count = (wanted: Verdict): number => gates.filter(({ verdict }) => verdict === wanted).length;
  const [held, warned, failed] = [count(Verdict.PASS), count(Verdict.WARN), count(Verdict.FAIL)] as const;
  const others = [
    [failed, "failed"],
    [warned, "warned"],
    [gates.length - held - warned - failed, "not measured"],
  ] as const;
  const told = others.filter(([many]) => many > 0).map(([many, what]) => `${many} ${what}`);
  return [held === 1 ? "1 gate held" : `${held} gates held`, ...told].join(", ");
}

function renderHold(run: VettingRun, view: View): string[] {
  if (run.holdReason === "") return [];
  const until = run.heldUntil
    ? `; it fails by itself in ${formatDuration(timestampMs(run.heldUntil) - view.nowMs)}`
    : "";
  const text = visible(`held for ${run.holdReason}${until}`);
  const key = run.holdKey ? [`   its key: crew vet key ${run.id}`] : [];
  return [...wrap(text, view.width, { first: "   ", rest: "     " }), ...key];
}

function renderActs(run: VettingRun, view: View): string[] {
  const lines = run.acts.map((act) => `${act.by}: ${actText(act)}`);
  return lines.flatMap((line) => wrap(visible(line), view.width, { first: "   ", rest: "     " }));
}

function actText({ kind, stage, reason, destroyData, confirmSignatures }: VettingAct): string {
  switch (kind) {
    case "retry": {
      const destroyed = destroyData.length > 0 ? `, with leave to destroy the data on ${destroyData.join(", ")}` : "";
      const signed = confirmSignatures.length > 0 ? `, signatures on ${confirmSignatures.join(", ")} or not` : "";
      return `retried ${stage}${destroyed}${signed}`;
    }
    case "waive":
      return `waived it: ${reason}`;
    case "reject":
      return `rejected it${reason === "" ? "" : `: ${reason}`}`;
    case "cancel_stage":
      return `stopped ${stage}`;
    case "key":
      return "fetched the key to the machine";
    default:
      return kind;
  }
}

function renderGaps(run: VettingRun, view: View): string[] {
  if (run.verdict === Verdict.UNSPECIFIED || run.notCovered.length === 0) return [];
  const lines = run.notCovered.flatMap((gap) => wrap(visible(gap), view.width, { first: "   ", rest: "     " }));
  return [` ${paint(view.style, "bold", "not covered")}`, ...lines];
}

/** What changed from one snapshot of a vetting run to the next, one line each. */
export function vettingChanges(before: VettingRun | undefined, after: VettingRun): string[] {
  const known = new Map(before?.stages.map((stage) => [stage.name, stage]));
  const lines = after.stages.flatMap((stage) => stageChange(before, known.get(stage.name), after, stage));
  const look = vettingLook(after);
  if (before === undefined || vettingLook(before).word !== look.word) {
    lines.push(`vetting ${visible(machineText(after))} ${look.word}`);
  }
  return lines;
}

function stageChange(
  runBefore: VettingRun | undefined,
  before: VettingStage | undefined,
  run: VettingRun,
  stage: VettingStage,
): string[] {
  if (isRunning(run, stage)) {
    const wasRunning = runBefore !== undefined && before !== undefined && isRunning(runBefore, before);
    return wasRunning ? [] : [`${visible(stage.name)} running`];
  }
  const unchanged = (before?.verdict ?? Verdict.UNSPECIFIED) === stage.verdict;
  if (unchanged) return [];
  return [`${visible(stage.name)} ${describeChange(verdictLook(stage.verdict).word, stage, stageNote(stage))}`];
}
