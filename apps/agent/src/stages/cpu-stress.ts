import { type CpuStressParameters, cpuStressParameters, type OcpWriter } from "@groundcrew/vetting";
import { type CounterReading, growth, readCounters } from "./cpu-stress/counters.ts";
import { keepBeginning, keepSegment, readEarlier } from "./cpu-stress/resume.ts";
import { runSegment, type Segment } from "./cpu-stress/segment.ts";
import { recordSegment, recordSummary } from "./cpu-stress/summary.ts";
import { dutInfoWith } from "./dut-info.ts";
import { COMPLETE, ERROR, type Stage, type StageContext } from "./stage.ts";
import { versionOf } from "./tool.ts";

/**
 * Loads every CPU with computations whose results are checked, in segments: lost throughput from one to the next shows
 * throttling that no sensor need report. What the machine counts of itself is compared before and after.
 */
export const cpuStress: Stage = async (context) => {
  const { ocp, program, signal } = context;
  const parameters = cpuStressParameters(context.parameters);
  const tool = await versionOf("stress-ng", signal);
  ocp.start({ ...program, parameters, dutInfo: dutInfoWith("stress-ng", tool) });
  if ("failure" in tool) {
    ocp.error(tool.missing ? "tool-missing" : "tool-failed", tool.failure);
    context.say(tool.failure);
    return ERROR;
  }
  const earlier = context.previous === undefined ? undefined : await readEarlier(context.previous, parameters);
  const before = earlier?.counters ?? (await readCounters());
  await keepBeginning(parameters, before);
  const segments = await runSegments(context, parameters, earlier?.segments ?? []);
  ocp.endSeries();
  recordSummary(ocp, segments, parameters.segment_seconds);
  ocp.measurement("cpu_stress.resumed_segments", earlier?.segments.length ?? 0);
  recordCounters(ocp, before, await readCounters());
  return segments.some((segment) => segment.trouble !== undefined) ? ERROR : COMPLETE;
};

/** Runs segment after segment, after those that an earlier try ran; one that leaves nothing to judge is the last. */
async function runSegments(
  context: StageContext,
  parameters: CpuStressParameters,
  earlier: readonly Segment[],
): Promise<Segment[]> {
  const { ocp, signal, say } = context;
  const { segments, segment_seconds } = parameters;
  const done = [...earlier];
  for (const segment of earlier) recordSegment(ocp, segment);
  if (earlier.length > 0) say(`going on after segment ${earlier.length} of ${segments}, which an earlier try ran`);
  for (let number = done.length + 1; number <= segments; number += 1) {
    say(`segment ${number} of ${segments}: ${segment_seconds} s of stress-ng, CPU method ${parameters.method}`);
    const segment = await runSegment({ parameters, number, signal, say });
    await keepSegment(number, segment);
    done.push(segment);
    recordSegment(ocp, segment);
    if (segment.trouble !== undefined) ocp.error("tool-failed", segment.trouble);
    say(`segment ${number} of ${segments}: ${describe(segment)}`);
    if (segment.metrics === undefined) break;
  }
  return done;
}

function recordCounters(ocp: OcpWriter, before: CounterReading, after: CounterReading): void {
  for (const { metric, grown, what, whyAbsent } of growth(before, after)) {
    if (grown === undefined) ocp.absent({ what: what ?? metric, why: whyAbsent ?? "not counted", metrics: [metric] });
    else ocp.measurement(metric, grown);
  }
}

function describe({ metrics, busyShare, failures }: Segment): string {
  if (metrics === undefined) return "stress-ng left no metrics";
  const busy = busyShare === undefined ? "" : `, CPUs busy ${Math.round(busyShare * 100)} %`;
  const rate = `${Math.round(metrics.bogoOpsPerSecond)} bogo operations a second`;
  return `${rate} for ${metrics.wallClockSeconds.toFixed(1)} s${busy}, wrong results ${failures.length}`;
}
