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

/** How long a line of a test may let wait for itself, in milliseconds. */
const WAIT_MAX_MS = 60_000;

/** Waits until a pipeline has logged this line. Fails when it ends without, or the server goes away meanwhile. */
export async function untilLogged(
  { operator }: TestServer,
  { id: pipelineId }: Pick<Pipeline, "id">,
  line: string,
): Promise<void> {
  const leave = new AbortController();
  const signal = AbortSignal.any([leave.signal, AbortSignal.timeout(WAIT_MAX_MS)]);
  try {
    for await (const { entries } of operator.tailLogs({ pipelineId, follow: true }, { signal })) {
      if (entries.some(({ text }) => Buffer.from(text).toString() === line)) return;
    }
  } finally {
    leave.abort();
  }
  throw new Error(`pipeline ${pipelineId} ended without logging ${JSON.stringify(line)}`);
}
