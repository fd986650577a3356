/** Whose figure it is: ours, a peer's, or that of a bare limit kept here to compare with. */
export type System = "groundcrew" | "graphile-worker" | "pg-boss" | "limit";

/** One value that one repetition measured. */
export interface Reading {
  /** Such as "dispatch_ms.p99". */
  name: string;
  system: System;
  value: number;
  /** Such as "ms" or "1/s". */
  unit: string;
}

/** One row of the results file: all repetitions of a reading. */
export interface Metric extends Reading {
  /** The median. */
  value: number;
  min: number;
  max: number;
}

/** The rows of all readings, in the order in which each was first seen. */
export function metricsOf(readings: readonly Reading[]): Metric[] {
  const groups = Map.groupBy(readings, ({ name, system }) => `${name} ${system}`);
  return [...groups.values()].map((group) => metricOf(group));
}

function metricOf(group: readonly Reading[]): Metric {
  const [first] = group;
  if (!first) throw new Error("a metric without a reading");
  const sorted = group.map(({ value }) => value).toSorted((a, b) => a - b);
  const [min = Number.NaN, max = Number.NaN] = [sorted[0], sorted.at(-1)];
  return { ...first, value: quantile(sorted, 0.5), min, max };
}

/** The value below which a part `q` of the sorted numbers lies; between two of them, what lies between. */
export function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  return low + (high - low) * (position - Math.floor(position));
}
