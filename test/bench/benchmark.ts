import { scoped, type Owner } from "@groundcrew/testkit/processes";
import type { Cluster } from "./measure/cluster.ts";
import type { Reading } from "./metric.ts";

/** What every benchmark runs with. */
export interface Bench {
  /** The one Postgres of all systems. */
  readonly cluster: Cluster;
  /** Smaller sizes, for a look in minutes. */
  readonly quick: boolean;
  /** The folder for CPU profiles of our servers. Undefined: no profiles. */
  readonly profileDir: string | undefined;
}

/** Measures one system once. What it starts ends with its owner. Throws when anything was not delivered exactly. */
export type Contender = (owner: Owner, bench: Bench) => Promise<Reading[]>;

/** One thing to measure. */
export interface Benchmark {
  /** What ONLY names. */
  name: string;
  /** Those who are measured, one after the other in each repetition, so that a slow minute strikes all. */
  contenders: readonly Contender[];
  /** Default: 5, or 1 of a quick run. */
  repetitions?: number;
  /** Too long for a quick run. Default: false. */
  slow?: boolean;
}

const REPETITIONS = 5;

/** All readings of a benchmark. */
export async function measure(benchmark: Benchmark, bench: Bench): Promise<Reading[]> {
  const repetitions = bench.quick ? 1 : (benchmark.repetitions ?? REPETITIONS);
  const readings: Reading[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const contender of benchmark.contenders) {
      const measured = await scoped((owner) => contender(owner, bench));
      for (const { name, system, value, unit } of measured) {
        console.log(`bench: ${name} of ${system}: ${round(value)} ${unit} (${repetition} of ${repetitions})`);
      }
      readings.push(...measured);
    }
  }
  return readings;
}

/** As many digits as a reader takes in. */
export function round(value: number): number {
  return Number(value.toPrecision(value >= 1_000 ? 4 : 3));
}
