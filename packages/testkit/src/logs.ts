import type { Pipeline } from "@groundcrew/proto";
import type { TestServer } from "./server.ts";

/** Which lines to read. */
export interface LogOptions {
  workflowId: string;
  /** Default: all steps. */
  step?: string;
}

/** The stored lines of a workflow, by step run id, in order. A gap is told as an error. */
export async function readLogs({ operator }: TestServer, options: LogOptions): Promise<Map<string, string[]>> {
  const lines = new Map<string, string[]>();
  for await (const part of operator.tailLogs({ ...options, follow: false })) {
    const known = lines.get(part.stepRunId) ?? [];
    if (part.firstLine !== known.length)
      throw new Error(`line ${known.length} is missing, the next is ${part.firstLine}`);
    known.push(...part.entries.map(({ text }) => Buffer.from(text).toString()));
    lines.set(part.stepRunId, known);
  }
  return lines;
}

/** The stored lines of the newest run of a workflow's step. */
export async function readLog(server: TestServer, options: LogOptions): Promise<string[]> {
  return [...(await readLogs(server, options)).values()].at(-1) ?? [];
}

/** Waits until a pipeline has logged this line, as often as `times` says: what was run again logs again. */
export async function untilLogged(
  { operator }: TestServer,
  { id: pipelineId }: Pick<Pipeline, "id">,
  line: string,
  times = 1,
): Promise<void> {
  const leave = new AbortController();
  let seen = 0;
  try {
    for await (const { entries } of operator.tailLogs({ pipelineId, follow: true }, { signal: leave.signal })) {
      seen += entries.filter(({ text }) => Buffer.from(text).toString() === line).length;
      if (seen >= times) return;
    }
  } finally {
    leave.abort();
  }
  throw new Error(`pipeline ${pipelineId} ended without logging ${JSON.stringify(line)}`);
}
