import { OperatorService } from "@groundcrew/proto";
import { wallClockMs } from "../measure/wall-clock.ts";
import { LoadConnection } from "./connection.ts";
import type { Ledger } from "./ledger.ts";
import { pipelineOf, REPOSITORY } from "./submitter.ts";

/** When an agent held a workflow. */
export interface Held {
  workflowId: string;
  /** By the machine's clock, in milliseconds since 1970. */
  atMs: number;
}

/** How to probe. */
export interface ProbeOptions {
  host: string;
  /** An operator's token. */
  token: string;
  samples: number;
  /** From when a workflow is held to the submit of the next, in milliseconds: time to finish it and to poll again. */
  gapMs: number;
  repository?: string;
}

/** Submits one workflow at a time and notes when an agent holds it. */
export async function probe(ledger: Ledger, { host, token, samples, gapMs, repository = REPOSITORY }: ProbeOptions) {
  const connection = new LoadConnection([host], { authorization: `Bearer ${token}` });
  const grants = new Map<string, number>();
  const note = (id: string): void => void grants.set(id, wallClockMs());
  ledger.on("granted", note);
  const held: Held[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const workflowId = await submitOne(connection, repository);
    while (!grants.has(workflowId)) await ledger.until("granted", ledger.granted + 1);
    held.push({ workflowId, atMs: grants.get(workflowId) ?? Number.NaN });
    await new Promise((resolve) => setTimeout(resolve, gapMs));
  }
  ledger.off("granted", note);
  connection.close();
  return held;
}

async function submitOne(connection: LoadConnection, repository: string): Promise<string> {
  const file = { path: "bench.yaml", content: pipelineOf(1) };
  const { pipeline } = await connection.unary(OperatorService.method.submitPipeline, { file, source: { repository } });
  const id = pipeline?.workflows[0]?.id;
  if (id === undefined) throw new Error("the server answered no workflow");
  return id;
}
