import type { StageName } from "../stages.ts";

/** Below this nothing is said: the median of four tells nothing of a fifth. */
const LEAST = 5;
/** From this many on an outlier counts as one; before, it is only worth a look. */
const ENOUGH = 20;
/** Makes the median absolute deviation of normally spread values their standard deviation. */
const MAD_TO_DEVIATION = 1.4826;
/** How many spreads from the median are still usual. */
const USUAL_SPREADS = 5;
/** The least spread, as a share of the median: values that hardly differ must not make outliers of noise. */
const SPREAD_FLOOR = 0.02;

/** One number that a run measured. */
export interface Figure {
  stage: StageName;
  metric: string;
  /** Empty when it has none. */
  unit: string;
  value: number;
}

/** What is usual among machines alike. */
export interface Baseline {
  /** How many machines. */
  n: number;
  median: number;
  /** The median absolute deviation × 1.4826, and no less than 2 % of the median. */
  spread: number;
}

/** Where a machine's figure lies among those of machines alike: same model and firmware. */
export interface BaselinePosition extends Figure {
  /** Absent: there are fewer than 5. */
  baseline?: Baseline;
  /** How many spreads from the median; negative below. */
  spreads?: number;
  /** `warn`: unusual, and there are fewer than 20 alike; `fail`: unusual. It does not change the run's verdict. */
  verdict: "within" | "warn" | "fail" | "too_few";
  /** For people. */
  message: string;
}

/** What is usual among these values, one of each machine. Undefined for fewer than 5. */
export function baselineOf(values: readonly number[]): Baseline | undefined {
  if (values.length < LEAST) return undefined;
  const median = medianOf(values);
  const deviation = medianOf(values.map((value) => Math.abs(value - median)));
  return { n: values.length, median, spread: Math.max(deviation * MAD_TO_DEVIATION, Math.abs(median) * SPREAD_FLOOR) };
}

/** Where a figure lies among the values of machines alike, its own left out. */
export function positionOf(figure: Figure, others: readonly number[]): BaselinePosition {
  const baseline = baselineOf(others);
  const found = withUnit(figure.value, figure.unit);
  if (baseline === undefined) {
    const message = `${found}; ${others.length} like it, and ${LEAST} are needed to say what is usual`;
    return { ...figure, verdict: "too_few", message };
  }
  const spreads = spreadsFrom(baseline, figure.value);
  const unusual = Math.abs(spreads) > USUAL_SPREADS;
  const verdict = unusual ? (baseline.n < ENOUGH ? "warn" : "fail") : "within";
  const usual = `${baseline.n} like it: median ${withUnit(baseline.median, figure.unit)}, spread ${figureText(baseline.spread)}`;
  return { ...figure, baseline, spreads, verdict, message: `${found}; ${usual}; ${distanceText(spreads)}` };
}

/** A spread of 0 is that of values which are all 0: any other is as far away as can be said. */
function spreadsFrom({ median, spread }: Baseline, value: number): number {
  const distance = value - median;
  if (distance === 0) return 0;
  return spread === 0 ? Math.sign(distance) * 1e9 : Math.max(-1e9, Math.min(1e9, distance / spread));
}

function distanceText(spreads: number): string {
  const far = Math.abs(spreads);
  if (far < 0.05) return "as the median";
  return `${far >= 1000 ? "over 1000" : far.toFixed(1)} spreads ${spreads < 0 ? "below" : "above"}`;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [below = 0, above = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return below === above ? below : below / 2 + above / 2;
}

function withUnit(value: number, unit: string): string {
  return unit === "" ? figureText(value) : `${figureText(value)} ${unit}`;
}

/** Four digits are enough to compare with. */
function figureText(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}
