import type { SensorSample } from "../sensors.ts";
import { clock, number } from "./format.ts";
import { html, type Html } from "./html.ts";

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 56;
const TOP = 22;
const BOTTOM = 24;
/** The most lines in one chart: more cannot be told apart. Colours and dashes are as many. */
export const MAX_LINES = 8;
/** The most points of one line; between two, the lowest and highest are kept. */
const MAX_POINTS = 600;

/** A sensor's readings, oldest first. */
export interface SensorLine {
  key: string;
  samples: readonly SensorSample[];
}

/** A stretch of time with a name. */
export interface Band {
  name: string;
  fromMs: number;
  toMs: number;
}

interface Scale {
  x: (atMs: number) => number;
  y: (value: number) => number;
}

/** Lines over time, with the run's stages as bands behind them, as an inline picture. */
export function sensorChart(title: string, unit: string, lines: readonly SensorLine[], bands: readonly Band[]): Html {
  const samples = lines.flatMap((line) => line.samples);
  const times = [...samples.map(({ atMs }) => atMs), ...bands.flatMap(({ fromMs, toMs }) => [fromMs, toMs])];
  const [from, to] = rangeOf(times);
  const [low, high] = widened(rangeOf(samples.map(({ value }) => value)));
  const scale: Scale = {
    x: (atMs) => LEFT + ((atMs - from) / Math.max(to - from, 1)) * (WIDTH - LEFT),
    y: (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - BOTTOM - TOP),
  };
  const told = `${title}: ${lines.length} sensors from ${number(rangeOf(samples.map((s) => s.value))[0])} to ${number(rangeOf(samples.map((s) => s.value))[1])} ${unit}`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${told}">
    ${bands.map((band, index) => bandOf(band, index, scale))}${[low, (low + high) / 2, high].map((value) => grid(value, scale))}
    ${lines.map((line, index) => lineOf(line, index, scale))}
    <text x="${LEFT}" y="${HEIGHT - 6}">${clock(from)}</text>
    <text x="${WIDTH}" y="${HEIGHT - 6}" text-anchor="end">${clock(to)} UTC</text>
  </svg> `;
}

function bandOf({ name, fromMs, toMs }: Band, index: number, { x }: Scale): Html {
  const [left, right] = [x(fromMs), x(toMs)];
  // A name that would not fit is the table's to tell.
  const fits = right - left > name.length * 6.5;
  return html`<rect
      class="band band-${index % 2}"
      x="${left.toFixed(1)}"
      y="${TOP - 8}"
      width="${Math.max(right - left, 0.5).toFixed(1)}"
      height="${HEIGHT - BOTTOM - TOP + 8}"
    />${fits ? html`<text class="band-name" x="${(left + 3).toFixed(1)}" y="${TOP - 12}">${name}</text>` : undefined} `;
}

function grid(value: number, { y }: Scale): Html {
  const at = y(value).toFixed(1);
  return html`<line class="axis" x1="${LEFT}" y1="${at}" x2="${WIDTH}" y2="${at}" /><text
      x="${LEFT - 6}"
      y="${at}"
      dy="4"
      text-anchor="end"
      >${number(value)}</text
    > `;
}

function lineOf({ samples }: SensorLine, index: number, { x, y }: Scale): Html {
  const points = thinned(samples).map(({ atMs, value }) => `${x(atMs).toFixed(1)},${y(value).toFixed(1)}`);
  return html`<polyline class="line line-${index % MAX_LINES}" points="${points.join(" ")}" /> `;
}

/** At most {@link MAX_POINTS}, of each stretch the lowest and the highest: a short peak must not vanish. */
function thinned(samples: readonly SensorSample[]): SensorSample[] {
  const each = Math.ceil(samples.length / (MAX_POINTS / 2));
  if (each <= 2) return [...samples];
  return Array.from({ length: Math.ceil(samples.length / each) }, (_, stretch) => {
    const sorted = samples.slice(stretch * each, (stretch + 1) * each).toSorted((a, b) => a.value - b.value);
    return [sorted[0], sorted.at(-1)].flatMap((one) => one ?? []).toSorted((a, b) => a.atMs - b.atMs);
  }).flat();
}

/** The least and the greatest. Walks, since a spread of many arguments would overflow the stack. */
export function rangeOf(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}

/** A little more than the values take, and never nothing. */
function widened([low, high]: [number, number]): [number, number] {
  const margin = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  return [low - margin, high + margin];
}
