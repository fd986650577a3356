import { LogStream } from "@groundcrew/proto";
import { readStored, type Facts, type LogFact, type OutputFact, type StoredFacts } from "@groundcrew/testkit/processes";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stage } from "./perform/stage.ts";
import { TTL_MS } from "./world/replica.ts";

/** How late a busy machine may be, in milliseconds. */
const SLACK_MS = 2_000;

/** Everything that is known about what happened since a workflow id. */
export async function collectFacts(stage: Stage, fromId: string): Promise<Facts> {
  const { world, witness } = stage;
  const stored = await world.withSql((sql) => readStored(sql, fromId));
  const pipelines = new Set(stored.workflows.map(({ pipelineId }) => pipelineId ?? "0"));
  const logs = await Promise.all([...pipelines].map((pipeline) => readLogs(stage, pipeline)));
  const outputs = await Promise.all(stored.workflows.map(({ id }) => readOutputs(world.outputs, id)));
  const { accepted, disturbances, cancels, pauses, drains, restarts, explained, deaths } = witness;
  const seen = { accepted, disturbances, cancels, pauses, drains, restarts, explained, deaths };
  const leftovers = (await Promise.all(world.agents.map((agent) => agent.leftovers()))).flat();
  const plans = plansOf(stage, stored);
  return {
    ...stored,
    ...seen,
    plans,
    leftovers,
    ttlMs: TTL_MS,
    slackMs: SLACK_MS,
    logs: logs.flat(),
    outputs: outputs.flat(),
  };
}

/** A workflow that an operator retried is planned like the one that had ended. */
function plansOf({ witness }: Stage, { workflows }: StoredFacts): Facts["plans"] {
  const plans = new Map(witness.plans);
  for (const { id, retryOf } of workflows) {
    const plan = plans.get(retryOf ?? "");
    if (plan) plans.set(id, plan);
  }
  return plans;
}

/** The logs of a pipeline as a reader gets them. */
function readLogs({ world, signal }: Stage, pipelineId: string): Promise<LogFact[]> {
  return world.operator.ask(async (operator, how) => {
    const logs = new Map<string, LogFact & { lines: string[]; next: number }>();
    for await (const part of operator.tailLogs({ pipelineId }, how)) {
      const { workflowId = "", epoch = "", step = "" } = part.stepRun ?? {};
      const fresh = { stepRun: part.stepRunId, workflow: workflowId, epoch, step, lines: [], next: 0 };
      const log = logs.get(part.stepRunId) ?? fresh;
      logs.set(part.stepRunId, log);
      if (part.firstLine !== log.next) log.lines.push(`(line ${part.firstLine} follows on ${log.next})`);
      log.next = part.firstLine + part.entries.length;
      const printed = part.entries.filter(({ stream }) => stream !== LogStream.AGENT);
      log.lines.push(...printed.map(({ text }) => Buffer.from(text).toString()));
    }
    return [...logs.values()];
  }, signal);
}

/** What a workflow's steps wrote past agent and server. */
async function readOutputs(folder: string, workflowId: string): Promise<OutputFact[]> {
  // One that never ran has no file.
  const text = await readFile(join(folder, workflowId), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean).map(outputOf);
}

function outputOf(line: string): OutputFact {
  const [kind = "", workflow = "", epoch = "", step = "", agent = "", seconds = ""] = line.split(" ");
  return { kind: kind as OutputFact["kind"], workflow, epoch, step, agent, atMs: Number(seconds) * 1000 };
}
