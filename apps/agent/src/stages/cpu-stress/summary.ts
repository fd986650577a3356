import type { OcpWriter } from "@groundcrew/vetting";
import type { Segment } from "./segment.ts";

/** Adds one segment's numbers to the series that the charts show. */
export function recordSegment(ocp: OcpWriter, segment: Segment): void {
  const { metrics, busyShare, failures, files } = segment;
  for (const file of files) ocp.file(file.name, file.contentType);
  if (metrics !== undefined) {
    ocp.seriesValue("cpu_stress.segment.bogo_ops", metrics.bogoOps);
    ocp.seriesValue("cpu_stress.segment.bogo_ops_per_second", metrics.bogoOpsPerSecond, "1/s");
    ocp.seriesValue("cpu_stress.segment.wall_clock_seconds", metrics.wallClockSeconds, "s");
  }
  if (busyShare !== undefined) ocp.seriesValue("cpu_stress.segment.busy_share", busyShare);
  ocp.seriesValue("cpu_stress.segment.verify_failures", failures.length);
}

/** Writes the metrics over all segments that the gates judge. `requestedSeconds` is for one segment. */
export function recordSummary(ocp: OcpWriter, segments: readonly Segment[], requestedSeconds: number): void {
  const failures = segments.reduce((sum, segment) => sum + segment.failures.length, 0);
  ocp.measurement("cpu_stress.segments", segments.length);
  ocp.measurement("cpu_stress.requested_seconds", requestedSeconds, "s");
  ocp.measurement("cpu_stress.verify_failures", failures);
  // The shortest segment counts: one that was cut short must not hide among a hundred that were not.
  const shares = segments.map((segment) => (segment.metrics?.wallClockSeconds ?? 0) / requestedSeconds);
  ocp.measurement("cpu_stress.completed_share", Math.min(...shares));
  recordThroughput(ocp, segments);
  recordTrend(
    ocp,
    segments.flatMap((segment) => segment.metrics?.bogoOpsPerSecond ?? []),
  );
  recordPackages(ocp, segments);
  recordLoad(ocp, segments);
}

function recordThroughput(ocp: OcpWriter, segments: readonly Segment[]): void {
  const rates = segments.flatMap((segment) => segment.metrics?.bogoOpsPerSecond ?? []);
  const median = medianOf(rates);
  if (median === undefined) {
    const metrics = ["min", "median"].map((name) => `cpu_stress.bogo_ops_per_second.${name}`);
    return ocp.absent({
      what: "throughput",
      why: "stress-ng left no metrics",
      metrics: [...metrics, "cpu_stress.throughput_spread"],
    });
  }
  const slowest = Math.min(...rates);
  ocp.measurement("cpu_stress.bogo_ops_per_second.min", slowest, "1/s");
  ocp.measurement("cpu_stress.bogo_ops_per_second.median", median, "1/s");
  if (median > 0) ocp.measurement("cpu_stress.throughput_spread", slowest / median);
  else ocp.absent({ what: "throughput", why: "nothing was computed", metrics: ["cpu_stress.throughput_spread"] });
}

/** How the last quarter of the segments compares with the first: a machine that heats up gets slower. */
function recordTrend(ocp: OcpWriter, rates: readonly number[]): void {
  const quarter = Math.floor(rates.length / 4);
  const [first, last] = [medianOf(rates.slice(0, quarter)), medianOf(rates.slice(rates.length - quarter))];
  if (quarter > 0 && first !== undefined && last !== undefined && first > 0) {
    return ocp.measurement("cpu_stress.throughput_trend", last / first);
  }
  const why = "it takes four segments that computed something";
  ocp.absent({ what: "throughput over time", why, metrics: ["cpu_stress.throughput_trend"] });
}

/** The least of all segments, for each package. */
function recordPackages(ocp: OcpWriter, segments: readonly Segment[]): void {
  for (const id of Object.keys(segments.at(-1)?.packages ?? {})) {
    const shares = segments.flatMap(({ packages }) => packages[id] ?? []);
    ocp.measurement("cpu_stress.package_busy_share", Math.min(...shares), undefined, `cpu ${id}`);
  }
}

function recordLoad(ocp: OcpWriter, segments: readonly Segment[]): void {
  const shares = segments.flatMap((segment) => segment.busyShare ?? []);
  if (shares.length > 0) ocp.measurement("cpu_stress.busy_share", Math.min(...shares));
  else ocp.absent({ what: "CPU load", why: "/proc/stat does not tell", metrics: ["cpu_stress.busy_share"] });
  const idle = segments.flatMap(({ metrics, instances }) =>
    metrics?.cpusOnline === undefined || instances === undefined ? [] : metrics.cpusOnline - instances,
  );
  if (idle.length > 0) ocp.measurement("cpu_stress.idle_cpus", Math.max(...idle));
  else ocp.absent({ what: "loaded CPUs", why: "stress-ng did not say", metrics: ["cpu_stress.idle_cpus"] });
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
