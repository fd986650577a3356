import { timestampNow } from "@bufbuild/protobuf/wkt";
import { EndReason, StepState, WorkflowState, type Grant } from "@groundcrew/proto";
import type { LoadAgent } from "./agent.ts";
import type { Ledger } from "./ledger.ts";
import { Poll, question } from "./poll.ts";
import { STEP } from "./submitter.ts";

/** How an agent works. */
export interface WorkOptions {
  agent: LoadAgent;
  ledger: Ledger;
  /** Done carries the next poll, for the slot that it frees. */
  carryNext: boolean;
  /** What a workflow that was started waits for before it goes on. */
  gate: () => Promise<void>;
}

/** An agent that takes all the work it has slots for: Next, then Init, Update and Done for each grant. */
export class WorkLoop {
  readonly agent: LoadAgent;
  readonly poll: Poll;
  readonly #options: WorkOptions;
  readonly #stopping = new AbortController();
  #free: number;
  #freed = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  /** When it was granted something last, by performance.now(). */
  lastGrantMs = Number.NaN;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.agent = options.agent;
    this.poll = new Poll(options.agent);
    this.#free = options.agent.slots;
  }

  /** All its slots are taken. */
  get isFull(): boolean {
    return this.#free === 0;
  }

  start(): void {
    this.#running ??= this.#poll().catch((error: unknown) => this.#fail(error));
  }

  /** Asks for nothing more, and leaves. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#freed.resolve();
    this.agent.close();
    await this.#running;
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (this.#free === 0) await this.#freed.promise;
      this.#freed = Promise.withResolvers();
      if (signal.aborted) return;
      const asked = performance.now();
      const grants = await this.poll.ask(this.#free, signal);
      if (grants.length > 0) this.#options.ledger.answered(performance.now() - asked);
      this.#free -= grants.length;
      for (const grant of grants) this.#work(grant).catch((error: unknown) => this.#fail(error));
    }
  }

  /** Runs a grant, and those that the ends of it and its followers bring. */
  async #work(first: Grant): Promise<void> {
    for (let grant: Grant | undefined = first; grant;) grant = await this.#run(grant);
    this.#free++;
    this.#freed.resolve();
  }

  async #run({ workflowId, epoch }: Grant): Promise<Grant | undefined> {
    const { ledger, carryNext, gate } = this.#options;
    const lease = { workflowId, epoch };
    this.lastGrantMs = performance.now();
    this.agent.held.set(workflowId, lease);
    ledger.grant(workflowId);
    await this.agent.say("init", lease);
    await gate();
    const at = timestampNow();
    const report = { sequence: 1, state: StepState.SUCCEEDED, exitCode: 0, startedAt: at, finishedAt: at };
    await this.agent.say("update", { stepRun: { ...lease, step: STEP, try: 1 }, ...report });
    const end = { ...lease, state: WorkflowState.SUCCEEDED, endReason: EndReason.COMPLETED };
    const carried = carryNext && !this.#stopping.signal.aborted ? { next: question(1) } : {};
    const { state, next } = await this.agent.say("done", { ...end, ...carried });
    if (state !== WorkflowState.SUCCEEDED) throw new Error(`workflow ${workflowId} ended in state ${state}`);
    this.agent.held.delete(workflowId);
    ledger.end(workflowId);
    return next?.grants[0];
  }

  #fail(error: unknown): void {
    if (!this.#stopping.signal.aborted) this.#options.ledger.fail(error);
  }
}
