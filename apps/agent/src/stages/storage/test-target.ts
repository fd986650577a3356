import { findCliff, type OcpWriter, type StorageParameters } from "@groundcrew/vetting";
import type { StageContext } from "../stage.ts";
import { type Phase, readPhases, writePhases } from "./phases.ts";
import { type FioRun, runFio } from "./run-fio.ts";
import type { Target } from "./target.ts";

/**
 * Tests one target: a drive is read, and then written where its data may be destroyed; a file of our own is written
 * first, for there is nothing else to read in it. Writes what it measured on the record. Returns what it read a second
 * in sequence, if that was measured.
 */
export async function testTarget(
  { ocp, signal, say }: Pick<StageContext, "ocp" | "signal" | "say">,
  target: Target,
  parameters: StorageParameters,
): Promise<number | undefined> {
  const runs: FioRun[] = [];
  for (const phase of phasesOf(target, parameters)) {
    say(`${target.title}: ${phase.name}`);
    const fio = { fd: target.handle.fd, prefix: target.prefix, direct: parameters.direct };
    const run = await runFio(fio, phase, signal);
    recordRun(ocp, target, run);
    say(`${target.title}: ${phase.name}: ${describe(run)}`);
    runs.push(run);
  }
  const errors = runs.flatMap((run) => valueOf(run, "errors") ?? []);
  if (errors.length > 0) {
    ocp.measurement(
      "storage.errors",
      errors.reduce((sum, count) => sum + count, 0),
      undefined,
      target.part,
    );
  }
  const sequential = runs.find(({ phase }) => phase.name === "sequential");
  return sequential && valueOf(sequential, "read_bytes_per_second");
}

function phasesOf({ drive, writable, sizeBytes }: Target, parameters: StorageParameters): Phase[] {
  const reads = readPhases(parameters);
  if (drive === undefined) return [...writePhases({ ...parameters, verify_size: "all" }, sizeBytes), ...reads];
  return writable ? [...reads, ...writePhases(parameters, sizeBytes)] : reads;
}

/** Each phase's figures under a name of their own: what fio told, `storage.PHASE.` before it. */
function recordRun(ocp: OcpWriter, { part, title }: Target, run: FioRun): void {
  const { phase, capture, files } = run;
  for (const { name, contentType } of files) ocp.file(name, contentType);
  for (const { name, value, unit } of capture.measurements) {
    const own = name.slice("storage.".length);
    if (own !== "errors") ocp.measurement(`storage.${phase.name}.${own}`, value, unit || undefined, part);
  }
  const wrong = valueOf(run, "errors");
  if (phase.name === "verify" && wrong !== undefined) ocp.measurement("storage.verify.errors", wrong, undefined, part);
  for (const problem of capture.problems) ocp.error("not-judged", `${title}: ${phase.name}: ${problem}`);
  if (phase.name === "cliff") recordCliff(ocp, part, run);
}

function recordCliff(ocp: OcpWriter, part: string, { throughput }: FioRun): void {
  const series = `storage.cliff.${part.replace(/^disk /, "")}`;
  for (const { bytesPerSecond } of throughput) ocp.seriesValue(series, bytesPerSecond, "B/s");
  const cliff = findCliff(throughput);
  if (!cliff) {
    const metrics = ["before_bytes_per_second", "after_bytes_per_second", "after_by_before", "cache_bytes"];
    const absent = { metrics: metrics.map((name) => `storage.cliff.${name}`), why: "the write took less than 15 s" };
    return ocp.absent({ what: "the end of the cache", ...absent });
  }
  ocp.measurement("storage.cliff.before_bytes_per_second", cliff.before, "B/s", part);
  ocp.measurement("storage.cliff.after_bytes_per_second", cliff.after, "B/s", part);
  if (cliff.before > 0) ocp.measurement("storage.cliff.after_by_before", cliff.after / cliff.before, undefined, part);
  if (cliff.cacheBytes !== undefined) ocp.measurement("storage.cliff.cache_bytes", cliff.cacheBytes, "B", part);
}

function valueOf({ capture }: FioRun, name: string): number | undefined {
  const value = capture.measurements.find((measurement) => measurement.name === `storage.${name}`)?.value;
  return typeof value === "number" ? value : undefined;
}

function describe(run: FioRun): string {
  const { capture } = run;
  if (capture.measurements.length === 0) return capture.problems.join("; ");
  const rates = (["read", "write"] as const).flatMap((way) => {
    const rate = valueOf(run, `${way}_bytes_per_second`);
    return rate === undefined ? [] : [`${way} ${Math.round(rate / 1e6)} MB/s`];
  });
  return [...rates, `errors ${valueOf(run, "errors") ?? "not told"}`, ...capture.problems].join(", ");
}
