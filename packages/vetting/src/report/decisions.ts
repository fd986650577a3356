import { moment, number } from "./format.ts";
import { html, type Html, table } from "./html.ts";
import type { BaselinePosition } from "../baseline/baseline.ts";
import type { ReportInput } from "./input.ts";

/** What people decided about the run: nothing where nobody did. */
export function decisionSection({ decisions = [] }: ReportInput): Html {
  if (decisions.length === 0) return html``;
  const rows = decisions.map(({ atMs, who, what, stage, why }) => [moment(atMs), who, what, stage, why]);
  return html`<h2>Decisions</h2>
    ${table(undefined, ["When", "Who", "What", "Stage", "Why"], rows)}`;
}

/** Where the machine stands among its like: nothing where it was not compared. */
export function baselineSection({ baseline = [] }: ReportInput): Html {
  if (baseline.length === 0) return html``;
  const columns = ["Stage", "Metric", "Measured", "Median", "Spread", "Of", "Position"];
  const rows = baseline.map((one) => [
    one.stage,
    html`<code>${one.metric}</code>`,
    withUnit(one.value, one.unit),
    one.baseline && withUnit(one.baseline.median, one.unit),
    one.baseline && withUnit(one.baseline.spread, one.unit),
    one.baseline?.n,
    html`<span class="verdict ${STYLES[one.verdict]}">${LABELS[one.verdict]}</span> ${one.message}`,
  ]);
  return html`<h2>Among machines of its kind</h2>
    ${table(undefined, columns, rows)}`;
}

const LABELS: Readonly<Record<BaselinePosition["verdict"], string>> = {
  within: "✓ within",
  warn: "△ outlier",
  fail: "✗ outlier",
  too_few: "– too few",
};
const STYLES: Readonly<Record<BaselinePosition["verdict"], string>> = {
  within: "pass",
  warn: "warn",
  fail: "fail",
  too_few: "skip",
};

function withUnit(value: number, unit: string): string {
  return unit === "" ? number(value) : `${number(value)} ${unit}`;
}
