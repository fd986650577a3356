import { DesiredState, PauseScope, type Workflow } from "@groundcrew/proto";
import type { CancelFact, WorkflowPlanFact } from "@groundcrew/testkit/processes";
import { setTimeout as delay } from "node:timers/promises";
import type { WorkflowChoice } from "../action.ts";
import { pipelineFile, takesMs, type PipelineSpec, type WorkflowSpec } from "../workload.ts";
import type { Stage } from "./stage.ts";

/** Submits a pipeline, again and again until it is accepted: under one key it is made once. */
export async function submit(stage: Stage, number: number, spec: PipelineSpec): Promise<void> {
  const { world, witness, runId, pipelines, signal } = stage;
  const file = { path: `pipeline-${number}.yaml`, content: pipelineFile(spec) };
  const request = { file, delayMs: spec.delayMs, idempotencyKey: `${runId}-${number}` };
  const { pipeline } = await world.operator.ask((operator, how) => operator.submitPipeline(request, how), signal);
  if (!pipeline) throw new Error("the server accepted a pipeline and told nothing of it");
  pipelines.set(number, pipeline);
  accept(stage, pipeline.id, pipeline.workflows, spec);
  witness.note(`pipeline ${number} is ${pipeline.id}: workflows ${pipeline.workflows.map(({ id }) => id).join(", ")}`);
}

/** Cancels a pipeline, or one of its workflows. Does nothing while it is not accepted. */
export async function cancel(stage: Stage, number: number, workflow?: number): Promise<void> {
  const { world, witness, signal } = stage;
  const pipeline = stage.pipelines.get(number);
  const chosen = workflow === undefined ? pipeline?.workflows : pipeline?.workflows.slice(workflow, workflow + 1);
  if (!pipeline || !chosen) return;
  const [first] = chosen;
  const fact: CancelFact = { workflows: chosen.map(({ id }) => id), askedMs: Date.now() };
  witness.cancels.push(fact);
  await world.operator.ask(async (operator, how) => {
    if (workflow === undefined) await operator.cancelPipeline({ id: pipeline.id }, how);
    else await operator.cancelWorkflow({ id: first?.id ?? "0" }, how);
  }, signal);
  fact.ackedMs = Date.now();
  witness.note(`canceled ${fact.workflows.join(", ")}`);
}

/** Retries a workflow that has ended. Does nothing with one that has not. */
export async function retry(stage: Stage, { pipeline: number, workflow: index }: WorkflowChoice): Promise<void> {
  const { world, witness } = stage;
  const ended = stage.pipelines.get(number)?.workflows[index];
  if (!ended) return;
  const answer = await unlessRefused(stage, (signal) =>
    world.operator.ask((operator, how) => operator.retryWorkflow({ id: ended.id }, how), signal),
  );
  if (!answer?.workflow) return;
  witness.accepted.push({ pipeline: answer.workflow.pipelineId, workflows: [answer.workflow.id] });
  witness.note(`retried ${ended.id} as ${answer.workflow.id}`);
}

/** Pauses the queue or an agent, and resumes it. */
export function pause(stage: Stage, scope: "queue" | "agent", target: string, forMs: number): Promise<void> {
  const { operator } = stage.world;
  const what = { scope: scope === "queue" ? PauseScope.QUEUE : PauseScope.AGENT, target };
  return oneAfterTheOther(stage, target, async () => {
    await operator.ask((client, how) => client.pause({ ...what, reason: "faults" }, how), stage.signal);
    await noteQuiet(stage, scope, target, forMs);
    await operator.ask((client, how) => client.resume(what, how), stage.signal);
  });
}

/** Lets an agent rest, as an operator does before maintenance, and take work again. */
export function rest(stage: Stage, agent: string, forMs: number): Promise<void> {
  const { operator } = stage.world;
  const want = (desiredState: DesiredState) =>
    operator.ask((client, how) => client.setAgentDesiredState({ agent, desiredState }, how), stage.signal);
  return oneAfterTheOther(stage, agent, async () => {
    await want(DesiredState.DRAINING);
    await noteQuiet(stage, "agent", agent, forMs);
    await want(DesiredState.READY);
  });
}

function oneAfterTheOther({ quiet }: Stage, target: string, work: () => Promise<void>): Promise<void> {
  const all = (quiet.get(target) ?? Promise.resolve()).then(work);
  quiet.set(target, all);
  return all;
}

/** From the acknowledgement of what forbids work to just before that is taken back. */
async function noteQuiet({ witness }: Stage, scope: "queue" | "agent", target: string, forMs: number): Promise<void> {
  const fromMs = Date.now();
  witness.note(`no work for the ${scope} ${target} for ${forMs} ms`);
  await delay(forMs);
  witness.pauses.push({ scope, target, fromMs, toMs: Date.now() });
}

/** Asks why a workflow waits, and notes what the answer must name when nothing changed meanwhile. */
export async function explain(stage: Stage, { pipeline: number, workflow: index }: WorkflowChoice): Promise<void> {
  const { world, witness } = stage;
  const id = stage.pipelines.get(number)?.workflows[index]?.id;
  if (id === undefined) return;
  const before = await standing(stage, id);
  const answer = await unlessRefused(stage, (signal) =>
    world.operator.ask((operator, how) => operator.explainWorkflow({ id }, how), signal),
  );
  const after = await standing(stage, id);
  if (!answer || before === undefined || before.events !== after?.events) return;
  const reasons = answer.reasons.map(({ reason }) => reason.case ?? "none");
  witness.explained.push({ workflow: id, reasons, expected: before.expected });
}

interface Standing {
  events: string;
  expected: string[];
}

async function standing({ world }: Stage, id: string): Promise<Standing | undefined> {
  const look = world.withSql(async (sql) => {
    const [row] = await sql<{ state: string; reason: string | null; events: string }[]>`
      select state, block_reason as reason, (select count(*) from workflow_events where workflow_id = w.id) as events
      from workflows w where id = ${id}`;
    return row && { events: row.events, expected: expectedOf(row) };
  });
  // Postgres may be away.
  return look.catch(() => undefined);
}

const REASONS: Readonly<Record<string, string>> = { dependency: "workflows", delay: "time", limit: "group" };

function expectedOf({ state, reason }: { state: string; reason: string | null }): string[] {
  const expected = state === "blocked" ? REASONS[reason ?? ""] : undefined;
  return expected === undefined ? [] : [expected];
}

function accept(stage: Stage, pipeline: string, workflows: readonly Workflow[], spec: PipelineSpec): void {
  const { witness } = stage;
  witness.accepted.push({ pipeline, workflows: workflows.map(({ id }) => id) });
  for (const { id, name } of workflows) {
    const planned = spec.workflows.find((one) => one.name === name);
    if (!planned) throw new Error(`the server made a workflow ${name} that nobody submitted`);
    witness.plans.set(id, planFact(planned, spec.delayMs));
  }
}

function planFact(spec: WorkflowSpec, delayMs: number): WorkflowPlanFact {
  const { name, steps, retryMax = 0, queueTimeoutSeconds = 0 } = spec;
  return { name, delayMs, retryMax, queueTimeoutMs: queueTimeoutSeconds * 1000, steps: steps.map(stepFact) };
}

function stepFact(step: WorkflowSpec["steps"][number]) {
  const { name, lines, exitCode, timeoutSeconds = 0 } = step;
  return { name, lines, exitCode, takesMs: takesMs(step), timeoutMs: timeoutSeconds * 1000 };
}

/** Undefined: the server refused. */
async function unlessRefused<T>({ signal }: Stage, ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  try {
    return await ask(signal);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
