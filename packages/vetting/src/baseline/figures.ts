import { readOcp } from "../ocp/reader.ts";
import type { StageName } from "../stages.ts";
import type { Figure } from "./baseline.ts";

/** The most figures that are kept of one stage, which may lie. */
const MAX_FIGURES = 500;

/**
 * The numbers that a stage measured, for the comparison with other machines. One that was measured on several parts is
 * two: the least, `NAME.least`, and the most, `NAME.most`.
 */
export function figuresOf(stage: StageName, ocp: string): Figure[] {
  const numbers = readOcp(ocp).measurements.flatMap(({ name: metric, value, unit }) =>
    typeof value === "number" && Number.isFinite(value) ? [{ stage, metric, unit, value }] : [],
  );
  const byMetric = Map.groupBy(numbers, ({ metric }) => metric);
  return [...byMetric.values()].flatMap(condensed).slice(0, MAX_FIGURES);
}

function condensed(same: Figure[]): Figure[] {
  const [first] = same;
  if (first === undefined || same.length === 1) return same;
  const sorted = same.map(({ value }) => value).toSorted((a, b) => a - b);
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  return [
    { ...first, metric: `${first.metric}.least`, value: least },
    { ...first, metric: `${first.metric}.most`, value: most },
  ];
}
