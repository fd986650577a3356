import { LogStream, type Pipeline, type VettingRun, type Workflow, type WorkflowEvent } from "@groundcrew/proto";
import { hasEnded } from "../../apps/cli/src/render/looks.ts";
import type { Operator } from "../../apps/cli/src/session.ts";
import { formatDuration } from "../../apps/cli/src/terminal/duration.ts";
import type { Kill } from "./chaos.ts";
import { countLines, LINES_STEP, LINES_WORKFLOW } from "./numbered-lines.ts";
import { readStoredLogs, type StoredLog } from "./stored-logs.ts";

/** Something that was promised, and what was found. */
export interface Check {
  passed: boolean;
  promise: string;
  found: string;
}

/** Everything that the server has stored about one workflow. */
export interface StoredWorkflow {
  workflow: Workflow;
  events: WorkflowEvent[];
  logs: StoredLog[];
}

/** Reads back what the server has of a pipeline and a vetting run. */
export async function readRecords(
  operator: Operator,
  { pipeline, vetting }: { pipeline: Pipeline; vetting: VettingRun },
  signal: AbortSignal,
): Promise<StoredWorkflow[]> {
  const records: StoredWorkflow[] = [];
  for (const id of [...pipeline.workflows.map(({ id }) => id), vetting.id]) {
    const { workflow, events } = await operator.getWorkflow({ id }, { signal });
    if (!workflow) throw new Error(`the server does not know workflow ${id} any more`);
    records.push({ workflow, events, logs: await readStoredLogs(operator, workflow, signal) });
  }
  return records;
}

/** Holds what was promised against what is stored. */
export function checkRecords(records: readonly StoredWorkflow[], kills: readonly Kill[]): Check[] {
  return [
    ...kills.map(describeKill),
    checkEnds(records),
    checkLogs(records.flatMap(({ logs }) => logs)),
    ...checkCounts(records.find(({ workflow }) => workflow.name === LINES_WORKFLOW)),
  ];
}

/** `CHAOS=1` is to kill both; a workflow that ended too soon for that is a check that failed. */
export function checkKills(kills: readonly Kill[]): Check {
  const found =
    kills.length === 2 ? "both were killed, in mid-run" : `only ${kills.length}: ${LINES_WORKFLOW} ended before`;
  return { passed: kills.length === 2, promise: "an agent and the server are killed", found };
}

function describeKill({ program, atLine, awayMs }: Kill): Check {
  const found = `SIGKILL after line ${atLine} of ${LINES_WORKFLOW}; it answered again after ${formatDuration(awayMs)}`;
  return { passed: true, promise: `${program} comes back`, found };
}

function checkEnds(records: readonly StoredWorkflow[]): Check {
  const wrong = records.filter(({ events }) => !endsOnce(events)).map(({ workflow }) => workflow.name);
  const transitions = records.reduce((sum, { events }) => sum + events.length, 0);
  const again = records.filter(({ workflow }) => workflow.attempt > 1).length;
  const found =
    wrong.length === 0
      ? `${transitions} transitions, ${records.length} of them to an end`
      : `not so: ${wrong.join(", ")}`;
  return {
    passed: wrong.length === 0,
    promise: `each of ${records.length} workflows ended once`,
    found: again === 0 ? found : `${found}; ${again} ran again after a kill`,
  };
}

function endsOnce(events: readonly WorkflowEvent[]): boolean {
  const ends = events.filter(({ to }) => hasEnded(to));
  return ends.length === 1 && events.at(-1) === ends[0];
}

function checkLogs(logs: readonly StoredLog[]): Check {
  const faults = logs.flatMap(({ workflow, stepRun, faults }) =>
    faults.map((fault) => `${workflow}/${stepRun.ref?.step ?? ""}: ${fault}`),
  );
  const lineCount = logs.reduce((sum, { lines }) => sum + lines.length, 0);
  const found = `${lineCount} lines of ${logs.length} step runs read back`;
  return {
    passed: faults.length === 0,
    promise: "no log line is missing",
    found: faults.length === 0 ? found : `${found}; ${faults.join("; ")}`,
  };
}

/** The try that ended well must have printed all its lines, an earlier one all up to where it was cut. */
function checkCounts(stored: StoredWorkflow | undefined): Check[] {
  const counts = stored?.logs.filter(({ stepRun }) => stepRun.ref?.step === LINES_STEP) ?? [];
  const isWhole = ({ stepRun }: StoredLog): boolean => stepRun.ref?.epoch === stored?.workflow.epoch;
  const cut = counts.filter((log) => !isWhole(log)).map((log) => checkCount(log, "numbered lines up to the kill"));
  const whole = counts.find(isWhole);
  const promise = "numbered lines of the whole try";
  if (!whole) return [...cut, { passed: false, promise, found: `${LINES_WORKFLOW} has printed none` }];
  const { inOrder, announced } = countLines(printed(whole));
  const check = checkCount(whole, promise);
  return [...cut, { ...check, passed: check.passed && inOrder === announced && announced > 0 }];
}

function checkCount(log: StoredLog, promise: string): Check {
  const { inOrder, announced, wrong } = countLines(printed(log));
  if (wrong === undefined)
    return { passed: true, promise, found: `${inOrder} of ${announced}, each once and in order` };
  return { passed: false, promise, found: `after ${inOrder} in order: ${JSON.stringify(wrong)}` };
}

/** Without what the agent itself wrote, such as why it stopped the step. */
function printed({ lines }: StoredLog): string[] {
  return lines.filter(({ stream }) => stream !== LogStream.AGENT).map(({ text }) => text);
}
