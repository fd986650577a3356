import type { LogEntry, StepRunRef, TailLogsResponse } from "@groundcrew/proto";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { follow } from "../watch/follow.ts";
import type { Operator } from "../session.ts";

/** Whose logs, and how. */
export interface TailOptions {
  /** All step runs of this pipeline, or of this workflow. */
  of: { pipelineId: string } | { workflowId: string };
  /** Only steps of this name. */
  step?: string;
  /** Go on until everything has ended. */
  follow: boolean;
  /** Default: all lines. */
  range?: LineRange;
  signal: AbortSignal;
  /** Told when the connection is lost, and when it is back. */
  onConnection?: (state: { lost: boolean }) => void;
  /** See `FollowOptions`. */
  backoffMs?: { min: number; max: number };
}

/** Which lines of each step run, as `TailLogsRequest` has it. */
export interface LineRange {
  fromLine: number;
  untilLine: number;
  lastLines: number;
}

/** Lines of one step run that were not seen before, in order. */
export interface LogPart {
  stepRunId: string;
  stepRun: StepRunRef | undefined;
  workflowName: string;
  /** Lines missing right before these: lost for good. */
  missing: number;
  baseTime: Timestamp | undefined;
  entries: LogEntry[];
  /** The same as a message, for JSON. */
  response: TailLogsResponse;
}

/**
 * Reads logs by cursor. When the connection breaks it attaches again where it stood, so that no line is repeated and
 * none is left out; lines that the server itself does not have are counted as missing.
 */
export async function* tailLogs(operator: Operator, options: TailOptions): AsyncGenerator<LogPart> {
  const nextLines = new Map<string, number>();
  const responses = follow({
    signal: options.signal,
    open: (signal) => operator.tailLogs(requestFor(options, nextLines), { signal }),
    ...(options.onConnection ? { onConnection: options.onConnection } : {}),
    ...(options.backoffMs ? { backoffMs: options.backoffMs } : {}),
  });
  for await (const response of responses) {
    const part = newPart(response, nextLines.get(response.stepRunId) ?? startOf(response, options.range));
    nextLines.set(response.stepRunId, part.nextLine);
    if (part.entries.length > 0 || part.missing > 0) yield part;
  }
}

/** Where a reader stands that has read nothing of a step run yet: what a range leaves out is not missing. */
function startOf({ firstLine, lostBefore }: TailLogsResponse, range: LineRange | undefined): number {
  if (range?.lastLines) return firstLine - lostBefore;
  return range?.fromLine ?? 0;
}

function requestFor(options: TailOptions, nextLines: ReadonlyMap<string, number>): Parameters<Operator["tailLogs"]>[0] {
  const cursors = [...nextLines].map(([stepRunId, nextLine]) => ({ stepRunId, nextLine }));
  const { fromLine = 0, untilLine = 0, lastLines = 0 } = options.range ?? {};
  // Step runs that had no lines when the first were sent are read from their first.
  const last = cursors.length === 0 ? lastLines : 0;
  return {
    ...options.of,
    step: options.step ?? "",
    follow: options.follow,
    fromLine,
    untilLine,
    lastLines: last,
    cursors,
  };
}

/** What of a response is new to a reader whose next line is `nextLine`. */
export function newPart(response: TailLogsResponse, nextLine: number): LogPart & { nextLine: number } {
  const { firstLine, stepRunId, stepRun, workflowName, baseTime } = response;
  const seen = Math.max(0, nextLine - firstLine);
  const entries = response.entries.slice(seen);
  return {
    stepRunId,
    stepRun,
    workflowName,
    baseTime,
    entries,
    missing: Math.max(0, firstLine - nextLine),
    response: seen === 0 ? response : { ...response, firstLine: firstLine + seen, lostBefore: 0, entries },
    nextLine: Math.max(nextLine, firstLine + response.entries.length),
  };
}
