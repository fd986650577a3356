import { eventually, INVARIANTS, violationsOf, type Facts, type Violation } from "@groundcrew/testkit/processes";
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { describeAction } from "./action.ts";
import { collectFacts } from "./collect.ts";
import { perform } from "./perform/perform.ts";
import type { Stage } from "./perform/stage.ts";
import type { Schedule } from "./schedule.ts";
import { watchForStalls } from "./stall-watch.ts";
import { Witness } from "./world/witness.ts";
import type { World } from "./world/world.ts";

/** How long everything may take to be well again once nothing is disturbed any more, in milliseconds. */
const SETTLE_MS = 60_000;

/** What came of a seed. */
export interface Outcome {
  seed: number;
  violations: Violation[];
  facts: Facts;
  /** What was done when. */
  diary: readonly string[];
  tookMs: number;
}

/** Plays a seed, waits until everything is well again, and holds what happened against what is promised. */
export async function playSeed(world: World, schedule: Schedule, signal: AbortSignal): Promise<Outcome> {
  const startedMs = performance.now();
  const witness = new Witness();
  const stopWatching = watchForStalls(witness);
  const giveUp = new AbortController();
  world.supervisor.onDeath = (what) => witness.deaths.push(what);
  world.supervisor.turnPage();
  const stage = stageOf(world, witness, giveUp.signal);
  try {
    const facts = await unlessAborted(playAndCollect(stage, schedule), signal);
    const violations = violationsOf(facts, INVARIANTS);
    return { seed: schedule.seed, violations, facts, diary: witness.diary, tookMs: performance.now() - startedMs };
  } finally {
    giveUp.abort(new Error("the seed is over"));
    stopWatching();
  }
}

async function playAndCollect(stage: Stage, schedule: Schedule): Promise<Facts> {
  const fromId = await nextWorkflowId(stage.world);
  await playSchedule(stage, schedule);
  await settle(stage, fromId);
  return collectFacts(stage, fromId);
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void work.finally(() => signal.removeEventListener("abort", onAbort)).catch(() => undefined);
  });
  return Promise.race([work, aborted]);
}

function stageOf(world: World, witness: Witness, signal: AbortSignal): Stage {
  return { world, witness, runId: randomBytes(6).toString("hex"), pipelines: new Map(), quiet: new Map(), signal };
}

async function playSchedule(stage: Stage, { steps }: Schedule): Promise<void> {
  const startMs = performance.now();
  const going: Promise<void>[] = [];
  for (const { atMs, action } of steps) {
    await delay(Math.max(0, startMs + atMs - performance.now()));
    if (action.kind === "submit") stage.witness.note(describeAction(action));
    going.push(perform(stage, action));
  }
  await Promise.all(going);
  stage.witness.note("everything is undone");
}

/** Waits until every workflow has ended and the agents have sent all they have. What is late is told by the facts. */
async function settle({ world, witness }: Stage, fromId: string): Promise<void> {
  const isWell = async (): Promise<true | undefined> =>
    (await openWorkflows(world, fromId)) === 0 && (await areIdle(world)) ? true : undefined;
  const options = { what: "everything is well again", timeoutMs: SETTLE_MS, everyMs: 300 };
  await eventually(isWell, options).catch((error: unknown) => witness.deaths.push(String(error)));
  witness.note("everything has ended");
}

async function areIdle({ agents }: World): Promise<boolean> {
  const idle = await Promise.all(agents.map((agent) => agent.isIdle()));
  return idle.every(Boolean);
}

function openWorkflows(world: World, fromId: string): Promise<number> {
  return world.withSql(async (sql) => {
    const [row] = await sql<{ open: number }[]>`
      select count(*)::int as open from workflows
      where id >= ${fromId} and state in ('blocked', 'queued', 'leased', 'running')`;
    return row?.open ?? 0;
  });
}

function nextWorkflowId(world: World): Promise<string> {
  return world.withSql(async (sql) => {
    const [row] = await sql<{ next: string }[]>`select coalesce(max(id), 0) + 1 as next from workflows`;
    return row?.next ?? "1";
  });
}
