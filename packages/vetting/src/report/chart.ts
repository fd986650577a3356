import type { Series } from "../ocp/run.ts";
import { number } from "./format.ts";
import { html, type Html } from "./html.ts";

const WIDTH = 720;
const HEIGHT = 160;
const BASELINE = HEIGHT - 20;
/** Room above the tallest bar for its number. */
const TOP = 20;
/** More bars than this are drawn without numbers, because they would overlap. */
const MAX_LABELED = 12;
/** More values than this are joined: each bar then stands for the lowest of its neighbours. */
const MAX_BARS = 240;

/** A bar for each value of a series, as an inline picture. Bars start at 0, so that heights compare. */
export function barChart(title: string, series: Series): Html {
  const values = joined(series.values);
  const tallest = Math.max(...values, 0);
  if (values.length === 0 || tallest === 0) return html``;
  const pitch = WIDTH / Math.max(values.length, 3);
  const bars = values.map((value, index) =>
    bar({ value, index, pitch, tallest, labeled: values.length <= MAX_LABELED }),
  );
  const told = `${title}: ${values.length} bars from ${number(Math.min(...values))} to ${number(tallest)}`;
  return html`<h3>${title}</h3>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${told}">
      <line class="axis" x1="0" y1="${BASELINE}" x2="${WIDTH}" y2="${BASELINE}" />
      ${bars}
    </svg> `;
}

function bar(b: { value: number; index: number; pitch: number; tallest: number; labeled: boolean }): Html {
  const height = Math.max((b.value / b.tallest) * (BASELINE - TOP), 0);
  const x = b.index * b.pitch + b.pitch * 0.1;
  const middle = (b.index + 0.5) * b.pitch;
  const top = BASELINE - height;
  const label = html`<text x="${middle.toFixed(1)}" y="${(top - 6).toFixed(1)}" text-anchor="middle"
      >${number(b.value)}</text
    >
    <text x="${middle.toFixed(1)}" y="${HEIGHT - 4}" text-anchor="middle">${b.index + 1}</text>`;
  return html`<rect
      class="bar"
      x="${x.toFixed(1)}"
      y="${top.toFixed(1)}"
      width="${(b.pitch * 0.8).toFixed(1)}"
      height="${height.toFixed(1)}"
    />${b.labeled ? label : undefined} `;
}

function joined(values: readonly number[]): number[] {
  const each = Math.ceil(values.length / MAX_BARS);
  if (each <= 1) return [...values];
  return Array.from({ length: Math.ceil(values.length / each) }, (_, bar) =>
    Math.min(...values.slice(bar * each, (bar + 1) * each)),
  );
}
