import type { Random } from "./random.ts";

/** A pipeline to submit. */
export interface PipelineSpec {
  /** How long nothing of it may start. 0: at once. */
  delayMs: number;
  workflows: readonly WorkflowSpec[];
}

/** A workflow of it. What is absent has its default. */
export interface WorkflowSpec {
  name: string;
  labels: Readonly<Record<string, string>>;
  dependsOn: readonly { workflow: string; on: Condition }[];
  onAgentLost: "requeue" | "fail";
  priority?: number;
  timeoutSeconds?: number;
  queueTimeoutSeconds?: number;
  /** How often a failure is tried again. */
  retryMax?: number;
  concurrency?: { group: string; limit: number; when_full: "queue" | "cancel_previous" };
  steps: readonly StepSpec[];
}

type Condition = "success" | "failure" | "always";

/** A step of it: prints numbered lines in bursts. */
export interface StepSpec {
  name: string;
  lines: number;
  bursts: number;
  pauseMs: number;
  exitCode: number;
  timeoutSeconds?: number;
}

/** How many agents there are: `a0` to `a9`. */
export const AGENTS = 10;

/** The name of an agent that is none: see `world/ghost.ts`. */
export const GHOST = "ghost";

/** A label that no agent has. */
const NOWHERE = { only: "nowhere" };

/** Groups and how many of each may run at once. */
const GROUPS = [
  { group: "single", limit: 1, when_full: "queue" },
  { group: "pair", limit: 2, when_full: "queue" },
  { group: "newest", limit: 1, when_full: "cancel_previous" },
] as const;

/** The name of an agent. */
export function agentName(index: number): string {
  return `a${index}`;
}

/** The labels of an agent: two pools, and each agent can be asked for by name. */
export function agentLabels(index: number): Record<string, string> {
  return { only: agentName(index), pool: index % 2 === 0 ? "even" : "odd" };
}

/** A pipeline of one to five workflows that wait for each other. */
export function randomPipeline(random: Random): PipelineSpec {
  const count = random.int(1, 5);
  const workflows: WorkflowSpec[] = [];
  for (let index = 0; index < count; index += 1) workflows.push(randomWorkflow(random, workflows));
  return { delayMs: random.chance(0.15) ? random.int(500, 2_500) : 0, workflows };
}

/** A workflow for one agent only, long enough to be found running. What is for the ghost is always given again. */
export function pinnedPipeline(random: Random, agent: string): PipelineSpec {
  const onAgentLost = agent !== GHOST && random.chance(0.3) ? "fail" : "requeue";
  const labels = { only: agent };
  // One that prints nothing does not notice that nobody reads what it prints: it outlives a killed agent.
  const lines = random.chance(0.5) ? 0 : random.int(10, 200);
  const step = { ...mediumStep(random, "s0"), lines, bursts: random.int(4, 14) };
  return {
    delayMs: 0,
    workflows: [{ name: "w0", labels, dependsOn: [], onAgentLost, steps: [step] }],
  };
}

/** Two workflows that no agent may take: one waits until it is canceled, the other gives up by itself. */
export function waitingPipeline(): PipelineSpec {
  const steps = [{ name: "s0", lines: 0, bursts: 1, pauseMs: 0, exitCode: 0 }];
  const waiting = { labels: NOWHERE, dependsOn: [], onAgentLost: "requeue", steps } as const;
  return {
    delayMs: 0,
    workflows: [
      { name: "w0", ...waiting },
      { name: "w1", ...waiting, queueTimeoutSeconds: 2 },
    ],
  };
}

/** The file to submit. */
export function pipelineFile({ workflows }: PipelineSpec): string {
  return JSON.stringify({ workflows: Object.fromEntries(workflows.map((one) => [one.name, workflowFile(one)])) });
}

/** What a step takes when nothing disturbs it, in milliseconds. */
export function takesMs({ bursts, pauseMs }: StepSpec): number {
  return bursts * pauseMs;
}

function workflowFile(spec: WorkflowSpec) {
  const { labels, dependsOn, onAgentLost, priority, timeoutSeconds, queueTimeoutSeconds, retryMax, concurrency } = spec;
  return {
    labels,
    depends_on: dependsOn,
    on_agent_lost: onAgentLost,
    ...(priority !== undefined && { priority }),
    ...(timeoutSeconds !== undefined && { timeout: `${timeoutSeconds}s` }),
    ...(queueTimeoutSeconds !== undefined && { queue_timeout: `${queueTimeoutSeconds}s` }),
    ...(retryMax !== undefined && { retry: { max: retryMax, backoff: "1s", on: ["failed", "timed_out"] } }),
    ...(concurrency && { concurrency }),
    steps: spec.steps.map(stepFile),
  };
}

function stepFile({ name, lines, bursts, pauseMs, exitCode, timeoutSeconds }: StepSpec) {
  return {
    name,
    run: `exec bash "$STEP" ${lines} ${bursts} ${pauseMs / 1000} ${exitCode}`,
    ...(timeoutSeconds !== undefined && { timeout: `${timeoutSeconds}s` }),
  };
}

function randomWorkflow(random: Random, earlier: readonly WorkflowSpec[]): WorkflowSpec {
  const parents = earlier.filter(() => random.chance(0.35));
  const shape = random.weighted({ plain: 7, failing: 1, overlong: 1, overlongStep: 1 });
  const steps = Array.from({ length: random.int(1, 3) }, (_, index) => randomStep(random, `s${index}`));
  return {
    name: `w${earlier.length}`,
    labels: randomLabels(random),
    dependsOn: parents.map(({ name }) => ({
      workflow: name,
      on: random.weighted({ success: 6, failure: 2, always: 2 }),
    })),
    onAgentLost: random.chance(0.3) ? "fail" : "requeue",
    ...(random.chance(0.2) && { priority: random.int(-10, 10) }),
    ...(random.chance(0.15) && { concurrency: random.pick(GROUPS) }),
    ...(shape !== "plain" && random.chance(0.4) && { retryMax: 1 }),
    ...shaped(shape, steps),
  };
}

function shaped(shape: "plain" | "failing" | "overlong" | "overlongStep", steps: StepSpec[]) {
  const last = steps.at(-1);
  if (!last || shape === "plain") return { steps };
  const others = steps.slice(0, -1);
  if (shape === "failing") return { steps: [...others, { ...last, exitCode: 7 }] };
  // Ten times as long as it may: no delay makes these look alike.
  const overlong = { ...last, bursts: 20, pauseMs: 500 };
  if (shape === "overlong") return { timeoutSeconds: 1, steps: [overlong] };
  return { steps: [...others, { ...overlong, timeoutSeconds: 1 }] };
}

function randomLabels(random: Random): Record<string, string> {
  const kind = random.weighted({ none: 5, pool: 3, only: 2 });
  if (kind === "none") return {};
  if (kind === "pool") return { pool: random.pick(["even", "odd"]) };
  return { only: agentName(random.int(0, AGENTS - 1)) };
}

function randomStep(random: Random, name: string): StepSpec {
  const kind = random.weighted({ quick: 5, medium: 4, long: 1 });
  if (kind === "quick") return { name, lines: random.int(0, 5), bursts: 1, pauseMs: 50, exitCode: 0 };
  if (kind === "medium") return mediumStep(random, name);
  return { name, lines: random.int(50, 500), bursts: 8, pauseMs: 500, exitCode: 0 };
}

function mediumStep(random: Random, name: string): StepSpec {
  return { name, lines: random.int(10, 200), bursts: random.int(3, 6), pauseMs: 300, exitCode: 0 };
}
