// Measures this checkout on this machine: `make bench`, or `make bench ONLY=pipeline_200,server_ready_ms`.
import { execa } from "execa";
import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { agentIdle } from "./agent-idle.ts";
import { metricOf, type Measurement } from "./metric.ts";
import { pipeline200 } from "./pipeline-200.ts";
import { serverReady } from "./server-ready.ts";

const REPETITIONS = 5;

const BENCHMARKS = new Map<string, (repetitions: number) => Promise<Measurement>>([
  ["server_ready_ms", serverReady],
  ["agent_idle_rss_mb", agentIdle],
  ["pipeline_200", pipeline200],
]);

process.exitCode = await main(process.env["ONLY"]?.split(",") ?? [...BENCHMARKS.keys()]);

async function main(names: string[]): Promise<number> {
  const unknown = names.filter((name) => !BENCHMARKS.has(name));
  if (unknown.length > 0) {
    console.error(`bench: ONLY names ${unknown.join(", ")}, expected some of ${[...BENCHMARKS.keys()].join(", ")}`);
    return 2;
  }
  const measured: Measurement[] = [];
  for (const name of names) {
    console.log(`bench: ${name}, ${REPETITIONS} times`);
    const measurement = await BENCHMARKS.get(name)?.(REPETITIONS);
    if (measurement) measured.push(measurement);
  }
  await writeResults(measured);
  console.table(measured.map(rowOf));
  return 0;
}

function rowOf(measurement: Measurement) {
  const { name, value, unit, min, max } = metricOf(measurement);
  const round = (number: number): number => Math.round(number * 10) / 10;
  const goal = `< ${measurement.goal}`;
  return { name, median: round(value), min: round(min), max: round(max), unit, goal, met: value < measurement.goal };
}

async function writeResults(measured: Measurement[]): Promise<void> {
  const file = fileURLToPath(new URL("results.json", import.meta.url));
  const { stdout: commit } = await execa("git", ["rev-parse", "HEAD"], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  });
  const [first] = cpus();
  const machine = `${cpus().length} x ${first?.model ?? "unknown CPU"}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const results = { commit, machine, metrics: measured.map(metricOf) };
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`bench: wrote ${file}`);
}
