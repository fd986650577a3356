import type { StageResult } from "../evaluate.ts";
import type { GateResult } from "../gate.ts";
import { readOcp } from "../ocp/reader.ts";
import type { Series } from "../ocp/run.ts";
import { isSkipped } from "../profile.ts";
import type { ReportInput, ReportStage } from "./input.ts";
import { barChart } from "./chart.ts";
import { badge, elapsed, moment, number } from "./format.ts";
import { html, type Html, table } from "./html.ts";

/** The series whose name does not say enough. */
const TITLES: ReadonlyMap<string, string> = new Map([
  ["cpu_stress.segment.bogo_ops_per_second", "Throughput of each segment, bogo operations a second"],
]);
/** The most series of one stage that are drawn. */
const MAX_CHARTS = 24;

/** A line for each stage of the profile. */
export function stageTable(input: ReportInput): Html {
  const rows = input.run.profile.stages.map((stage) => {
    const result = resultOf(input, stage.name);
    const times = input.stages.find((one) => one.stage === stage.name);
    return [
      stage.name,
      result === undefined ? "has not run" : badge(result.verdict),
      isSkipped(stage) ? "skipped" : stage.required ? "required" : "optional",
      times === undefined ? undefined : moment(times.startedAtMs),
      times === undefined ? undefined : elapsed(times.finishedAtMs - times.startedAtMs),
      html`${result?.reasons.map((reason) => html`<div>${reason}</div>`)}`,
    ];
  });
  return table(undefined, ["Stage", "Verdict", "", "Started", "Took", "Why"], rows);
}

/** For each stage that ran: its numbers against its gates, and its charts. */
export function stageDetails(input: ReportInput): Html {
  return html`${input.run.results
    .filter((result) => result.gates.length > 0)
    .map((result) => html`${gateTable(result)}${charts(input.stages.find((one) => one.stage === result.stage))}`)}`;
}

function gateTable(result: StageResult): Html {
  const rows = result.gates.map((gate) => [
    html`<code>${gate.metric}</code>`,
    measured(gate),
    html`<code>${gate.gate}</code>`,
    badge(gate.verdict),
    gate.verdict === "pass" ? undefined : gate.message,
  ]);
  return table(`${result.stage}: measured against the gates`, ["Metric", "Measured", "Gate", "Verdict", ""], rows);
}

function measured(gate: GateResult): string {
  if (gate.value === undefined) return "not measured";
  return gate.unit === "" ? number(gate.value) : `${number(gate.value)} ${gate.unit}`;
}

/** A chart for each series that has more than one value and says something. */
function charts(stage: ReportStage | undefined): Html {
  if (stage === undefined) return html``;
  const drawn = readOcp(stage.ocp)
    .series.filter(({ values }) => values.length > 1)
    .slice(0, MAX_CHARTS)
    .map((series) => barChart(titleOf(series), series));
  return html`${drawn}`;
}

function titleOf({ name, unit }: Series): string {
  return TITLES.get(name) ?? (unit === "" ? name : `${name}, ${unit}`);
}

function resultOf(input: ReportInput, name: string): StageResult | undefined {
  return input.run.results.find((result) => result.stage === name);
}
