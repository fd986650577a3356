import { hostname } from "node:os";
import { type CpuStressParameters, cpuStressParameters, type DutInfo, type OcpWriter } from "@groundcrew/vetting";
import { type CounterReading, growth, readCounters } from "./cpu-stress/counters.ts";
import { runSegment, type Segment } from "./cpu-stress/segment.ts";
import { recordSegment, recordSummary } from "./cpu-stress/summary.ts";
import { COMPLETE, ERROR, type Stage, type StageContext } from "./stage.ts";
import { type ToolVersion, versionOf } from "./tool.ts";

/**
 * Loads every CPU with computations whose results are checked, in segments: lost throughput from one to the next shows
 * throttling that no sensor need report. What the machine counts of itself is compared before and after.
 */
export const cpuStress: Stage = async (context) => {
  const { ocp, program, signal } = context;
  const parameters = cpuStressParameters(context.parameters);
  const tool = await versionOf("stress-ng", signal);
  ocp.start({ ...program, parameters, dutInfo: dutInfo(tool) });
  if ("failure" in tool) {
    ocp.error(tool.missing ? "tool-missing" : "tool-failed", tool.failure);
    context.say(tool.failure);
    return ERROR;
  }
  const before = await readCounters();
  const segments = await runSegments(context, parameters);
  ocp.endSeries();
  recordSummary(ocp, segments, parameters.segment_seconds);
  recordCounters(ocp, before, await readCounters());
  return segments.some((segment) => segment.trouble !== undefined) ? ERROR : COMPLETE;
};

/** Runs segment after segment; one that leaves nothing to judge is the last. */
async function runSegments(context: StageContext, parameters: CpuStressParameters): Promise<Segment[]> {
  const { ocp, signal, say } = context;
  const { segments, segment_seconds } = parameters;
  const done: Segment[] = [];
  for (let number = 1; number <= segments; number += 1) {
    say(`segment ${number} of ${segments}: ${segment_seconds} s of stress-ng, CPU method ${parameters.method}`);
    const segment = await runSegment({ parameters, number, signal, say });
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

function dutInfo(tool: ToolVersion): DutInfo {
  const software = { softwareInfoId: "stress-ng", name: "stress-ng", softwareType: "APPLICATION" };
  return {
    dutInfoId: hostname(),
    name: hostname(),
    softwareInfos: "version" in tool ? [{ ...software, version: tool.version }] : [],
  };
}
