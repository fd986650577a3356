import { REPLICAS, type Action, type Link } from "./action.ts";
import { Random } from "./random.ts";
import {
  agentName,
  AGENTS,
  GHOST,
  pinnedPipeline,
  randomPipeline,
  waitingPipeline,
  type PipelineSpec,
} from "./workload.ts";

/** What a seed does, and when. */
export interface Schedule {
  seed: number;
  /** In order of time, from the start of the seed. */
  steps: readonly { atMs: number; action: Action }[];
}

/** How long things are done, in milliseconds. What was done last goes on for as long as it takes. */
const BUSY_MS = 7_000;

/** How long what goes on past the time to live of a lease goes on, in milliseconds: half as long again as is needed. */
const LONG_MS = 5_500;

/** A kind of trouble. */
export type Trouble = keyof typeof TROUBLE;

/** How long the ghost is about, in milliseconds: two leases, and what it waits for them. */
const HAUNT_MS = 20_000;

/** What a server may take to start, in milliseconds. */
const RESTART_MS = 1_500;

/** How often each kind of trouble is made, in relation. */
const TROUBLE = {
  kill_agent: 4,
  freeze_agent: 4,
  drain_agent: 2,
  jump_clock: 2,
  kill_replica: 2,
  freeze_replica: 1,
  restart_replica: 1,
  kill_all_replicas: 0.5,
  kill_postgres: 1,
  freeze_postgres: 0.5,
  cut: 2,
  refuse: 2,
  slow: 2,
  half_open: 2,
  lose_answers: 2,
  haunt: 1,
  hold_snapshot: 1,
  pause_queue: 0.5,
  pause_agent: 0.7,
  rest_agent: 0.7,
} as const;

/** How much more often than usual a seed makes the trouble it is to make more of. */
const MORE = 10;

/** What a seed does, with more of some kinds of trouble. The same seed does the same, at the same times. */
export function scheduleOf(seed: number, more: readonly Trouble[] = []): Schedule {
  const weights = Object.entries(TROUBLE).map(([kind, weight]) => [
    kind,
    more.includes(kind as Trouble) ? weight * MORE : weight,
  ]);
  return new Scheduler(seed, Object.fromEntries(weights) as Record<Trouble, number>).schedule();
}

/** Whether a word names a kind of trouble. */
export function isTrouble(word: string): word is Trouble {
  return Object.hasOwn(TROUBLE, word);
}

class Scheduler {
  readonly #seed: number;
  readonly #weights: Readonly<Record<Trouble, number>>;
  readonly #random: Random;
  readonly #steps: { atMs: number; action: Action }[] = [];
  readonly #pipelines: PipelineSpec[] = [];
  /** When a process or connection is to be left in peace until, by its name. */
  readonly #busyUntil = new Map<string, number>();

  constructor(seed: number, weights: Readonly<Record<Trouble, number>>) {
    this.#seed = seed;
    this.#weights = weights;
    this.#random = new Random(seed);
  }

  schedule(): Schedule {
    const random = this.#random;
    this.#submit(0, waitingPipeline());
    for (let n = random.int(5, 8); n > 0; n -= 1) this.#submit(random.int(0, BUSY_MS / 2), randomPipeline(random));
    for (let n = random.int(8, 12); n > 0; n -= 1) this.#trouble(random.int(300, BUSY_MS));
    for (let n = random.int(2, 4); n > 0; n -= 1) this.#interfere(random.int(500, BUSY_MS));
    this.#do(BUSY_MS, { kind: "cancel_workflow", pipeline: 0, workflow: 0 });
    // What is done at the same time is done in the order in which it was drawn.
    return { seed: this.#seed, steps: this.#steps.toSorted((a, b) => a.atMs - b.atMs) };
  }

  #do(atMs: number, action: Action): void {
    this.#steps.push({ atMs, action });
  }

  #submit(atMs: number, pipeline: PipelineSpec): number {
    this.#do(atMs, { kind: "submit", number: this.#pipelines.length, pipeline });
    return this.#pipelines.push(pipeline) - 1;
  }

  /** In the middle of trouble: a cancel must not be forgotten. */
  #perhapsCancel(pipeline: number, atMs: number): void {
    if (this.#random.chance(0.3)) this.#do(atMs + this.#random.int(200, 4_000), { kind: "cancel_pipeline", pipeline });
  }

  /** Something that an operator may do. */
  #interfere(atMs: number): void {
    const random = this.#random;
    const pipeline = random.int(1, this.#pipelines.length - 1);
    const workflow = random.int(0, (this.#pipelines[pipeline]?.workflows.length ?? 1) - 1);
    const kind = random.weighted({ cancel_workflow: 3, cancel_pipeline: 1, retry: 2, explain: 3 });
    this.#do(atMs, kind === "cancel_pipeline" ? { kind, pipeline } : { kind, pipeline, workflow });
  }

  #trouble(atMs: number): void {
    const kind = this.#random.weighted(this.#weights);
    switch (kind) {
      case "kill_agent":
      case "freeze_agent":
        return this.#troubleAgent(kind, atMs);
      case "drain_agent":
        return this.#reserve(atMs, "agent", AGENTS, 3_000, (agent) => this.#do(atMs, { kind, agent }));
      case "jump_clock": {
        const byMs = this.#random.pick([-86_400_000, -3_600_000, -20_000, 20_000, 3_600_000, 86_400_000]);
        return this.#do(atMs, { kind, agent: this.#random.int(0, AGENTS - 1), byMs });
      }
      case "kill_replica":
      case "freeze_replica":
      case "restart_replica":
        return this.#troubleReplica(kind, atMs);
      case "kill_all_replicas":
      case "kill_postgres":
      case "freeze_postgres":
        return this.#troubleAll(kind, atMs);
      case "cut":
      case "refuse":
      case "slow":
      case "half_open":
        return this.#troubleLink(kind, atMs);
      case "lose_answers":
        return this.#loseAnswers(atMs);
      case "haunt":
        return this.#reserve(atMs, kind, 1, HAUNT_MS, () => {
          const pipeline = this.#submit(Math.max(0, atMs - 500), pinnedPipeline(this.#random, GHOST));
          this.#do(atMs, { kind, pipeline });
        });
      case "hold_snapshot":
      case "pause_queue":
        return this.#do(atMs, { kind, forMs: this.#random.int(1_000, 3_000) });
      case "pause_agent":
      case "rest_agent":
        return this.#do(atMs, { kind, agent: this.#random.int(0, AGENTS - 1), forMs: this.#random.int(1_000, 4_000) });
      default:
        return kind satisfies never;
    }
  }

  /** An agent that has something to lose. */
  #troubleAgent(kind: "kill_agent" | "freeze_agent", atMs: number): void {
    const forMs = this.#duration();
    this.#reserve(atMs, "agent", AGENTS, forMs, (agent) => {
      const pipeline = this.#submit(
        Math.max(0, atMs - this.#random.int(300, 1_000)),
        pinnedPipeline(this.#random, agentName(agent)),
      );
      this.#do(atMs, { kind, agent, forMs });
      this.#perhapsCancel(pipeline, atMs);
    });
  }

  /** One at a time: the others are up. */
  #troubleReplica(kind: "kill_replica" | "freeze_replica" | "restart_replica", atMs: number): void {
    const forMs = this.#duration();
    const replica = this.#random.int(0, REPLICAS - 1);
    this.#reserve(atMs, "servers", 1, forMs + RESTART_MS, () =>
      this.#do(atMs, kind === "restart_replica" ? { kind, replica } : { kind, replica, forMs }),
    );
  }

  #troubleAll(kind: "kill_all_replicas" | "kill_postgres" | "freeze_postgres", atMs: number): void {
    const forMs = this.#duration();
    this.#reserve(atMs, "servers", 1, forMs + RESTART_MS, () => this.#do(atMs, { kind, forMs }));
  }

  #troubleLink(kind: "cut" | "refuse" | "slow" | "half_open", atMs: number): void {
    const random = this.#random;
    const of = random.chance(0.7) ? "agent" : "replica";
    const forMs = kind === "cut" ? 0 : this.#duration();
    this.#reserve(atMs, of, of === "agent" ? AGENTS : REPLICAS, forMs, (index) => {
      const link: Link = { of, index };
      if (of === "agent") {
        const pipeline = this.#submit(Math.max(0, atMs - 500), pinnedPipeline(random, agentName(index)));
        this.#perhapsCancel(pipeline, atMs);
      }
      if (kind === "cut") return this.#do(atMs, { kind, link });
      if (kind === "refuse") return this.#do(atMs, { kind, link, forMs });
      if (kind === "slow") return this.#do(atMs, { kind, link, forMs, byMs: random.int(50, 800) });
      const directions = random.pick([["questions"], ["answers"], ["questions", "answers"]] as const);
      return this.#do(atMs, { kind, link, forMs, directions });
    });
  }

  /** Work is granted, and the agents are not told: the connection breaks with the answer on its way. */
  #loseAnswers(atMs: number): void {
    const agents: number[] = [];
    for (let n = 0; n < 4; n += 1) this.#reserve(atMs, "agent", AGENTS, 1_000, (agent) => void agents.push(agent));
    for (const agent of agents) this.#submit(atMs + 50, pinnedPipeline(this.#random, agentName(agent)));
    if (agents.length > 0) this.#do(atMs, { kind: "lose_answers", agents });
  }

  #duration(): number {
    return this.#random.chance(0.35) ? this.#random.int(LONG_MS, LONG_MS + 1_000) : this.#random.int(200, 2_000);
  }

  /** Picks one of a kind that nothing happens to then. Does nothing when there is none. */
  #reserve(atMs: number, kind: string, count: number, forMs: number, then: (index: number) => void): void {
    const free = Array.from({ length: count }, (_, index) => index).filter(
      (index) => (this.#busyUntil.get(`${kind} ${index}`) ?? 0) < atMs,
    );
    if (free.length === 0) return;
    const index = this.#random.pick(free);
    this.#busyUntil.set(`${kind} ${index}`, atMs + forMs + 1_500);
    then(index);
  }
}
