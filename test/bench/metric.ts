/** What a benchmark measured: every repetition of it. */
export interface Measurement {
  /** Such as "server_ready_ms". */
  name: string;
  unit: "ms" | "s" | "MB";
  /** What it must stay below. */
  goal: number;
  values: number[];
}

/** One row of the results file. */
export interface Metric {
  name: string;
  /** Whose figure it is: ours, a peer's or the bare limit's. */
  system: "groundcrew";
  /** The median. */
  value: number;
  unit: string;
  min: number;
  max: number;
}

/** The row of a measurement. */
export function metricOf({ name, unit, values }: Measurement): Metric {
  const sorted = values.toSorted((a, b) => a - b);
  const [min = Number.NaN, max = Number.NaN] = [sorted[0], sorted.at(-1)];
  return { name, system: "groundcrew", value: medianOf(sorted), unit, min, max };
}

function medianOf(sorted: number[]): number {
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}
