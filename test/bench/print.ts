import { round } from "./benchmark.ts";
import { GOALS } from "./goals.ts";
import type { Metric } from "./metric.ts";

/** Prints what was measured, and each goal beside what it came to. */
export function printTables(metrics: readonly Metric[], quick: boolean): void {
  const isPeer = ({ system }: Metric): boolean => system === "graphile-worker" || system === "pg-boss";
  console.log("\nGroundcrew, its agents over gRPC, and the bare limits");
  console.table(metrics.filter((metric) => !isPeer(metric)).map(rowOf));
  const others = metrics.filter(isPeer);
  if (others.length > 0) {
    console.log("\nPeers, with their jobs in their own process: no network call for a job");
    console.table(others.map(rowOf));
  }
  const judged = GOALS.flatMap((goal) => goal.judge(metrics) ?? []);
  console.log(quick ? "\nGoals, which are for the sizes of a full run" : "\nGoals");
  console.table(judged);
}

function rowOf({ name, system, value, unit, min, max }: Metric) {
  return { name, system, median: round(value), min: round(min), max: round(max), unit };
}
