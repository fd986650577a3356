import { SENSOR_KINDS, type SensorKind, type SensorSample } from "../sensors.ts";
import { number } from "./format.ts";
import { html, type Html, table } from "./html.ts";
import type { ReportInput } from "./input.ts";
import { type Band, MAX_LINES, rangeOf, sensorChart, type SensorLine } from "./sensor-chart.ts";

const TITLES: Readonly<Record<SensorKind, string>> = {
  temperature: "Temperatures",
  fan: "Fans",
  voltage: "Voltages",
  current: "Currents",
  power: "Power",
  energy: "Energy",
  throttle: "Throttling",
  frequency: "Frequencies",
  memory_errors: "Memory errors",
  alarm: "Alarms",
};

/** The sensors from claim to end: for each kind a chart with the run's stages, and every sensor's extremes. */
export function sensorSection(input: ReportInput): Html {
  const { samples = [], stages } = input;
  if (samples.length === 0) {
    return html`<h2>Sensors</h2>
      <p class="dim">No sensor readings were recorded.</p> `;
  }
  const bands = stages.map(({ stage, startedAtMs, finishedAtMs }) => ({
    name: stage,
    fromMs: startedAtMs,
    toMs: finishedAtMs,
  }));
  const ofKind = (kind: SensorKind) => samples.filter((sample) => sample.kind === kind);
  return html`<h2>Sensors</h2>
    ${SENSOR_KINDS.map((kind) => kindSection(kind, ofKind(kind), bands))}`;
}

function kindSection(kind: SensorKind, samples: readonly SensorSample[], bands: readonly Band[]): Html {
  if (samples.length === 0) return html``;
  const unit = samples[0]?.unit ?? "";
  const lines = [...Map.groupBy(samples, ({ key }) => key)].map(([key, samples]) => ({ key, samples }));
  // The sensors that moved most say most; all of them are in the table.
  const drawn = lines.toSorted((a, b) => spanOf(b) - spanOf(a)).slice(0, MAX_LINES);
  return html`<h3>${TITLES[kind]}${unit === "" ? undefined : `, ${unit}`}</h3>
    ${sensorChart(TITLES[kind], unit, drawn, bands)}${extremes(lines, drawn)}`;
}

function extremes(lines: readonly SensorLine[], drawn: readonly SensorLine[]): Html {
  const order = [...drawn, ...lines.filter((line) => !drawn.includes(line))];
  const rows = order.map((line, index) => {
    const [low, high] = rangeOf(line.samples.map(({ value }) => value));
    const mark = index < drawn.length ? html`<span class="key key-${index}"></span>` : undefined;
    const [first, last] = [line.samples[0]?.value, line.samples.at(-1)?.value];
    return [mark, line.key, numberOf(first), number(low), number(high), numberOf(last), line.samples.length];
  });
  return table(undefined, ["", "Sensor", "First", "Lowest", "Highest", "Last", "Readings"], rows);
}

function spanOf({ samples }: SensorLine): number {
  const [low, high] = rangeOf(samples.map(({ value }) => value));
  return high - low;
}

function numberOf(value: number | undefined): string | undefined {
  return value === undefined ? undefined : number(value);
}
