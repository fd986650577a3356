import type { StopCause } from "@groundcrew/engine";
import { Condition } from "../condition.ts";

/** A workflow that the agent holds. */
export interface HeldWorkflow {
  readonly workflowId: string;
  readonly epoch: string;
  stop(cause: StopCause): void;
  /** Stops one run of a stage. */
  stopStage(stepRun: { step: string; try: number }, by: string): void;
}

/** The workflows that the agent holds, and its slots. */
export class HeldWorkflows {
  /** Notified when one comes or goes, and when the agent pauses or goes on. */
  readonly changed = new Condition();
  #capacity: number;
  readonly #runs = new Map<string, HeldWorkflow>();
  #paused = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Slots that nothing runs in. */
  get free(): number {
    return Math.max(0, this.#capacity - this.#runs.size);
  }

  /** How many workflows to ask for: none while paused. */
  get wanted(): number {
    return this.#paused ? 0 : this.free;
  }

  /** Nothing is held. */
  get isEmpty(): boolean {
    return this.#runs.size === 0;
  }

  /** Takes no more work, or takes it again. What runs goes on. */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.changed.notify();
  }

  /** Has room for this many from now on. What runs beyond it goes on. */
  resize(capacity: number): void {
    this.#capacity = capacity;
    this.changed.notify();
  }

  /** The leases, as the contract names them. */
  leases(): { workflowId: string; epoch: string }[] {
    return Array.from(this.#runs.values(), ({ workflowId, epoch }) => ({ workflowId, epoch }));
  }

  /** The run of exactly this lease. */
  find(workflowId: string, epoch: string): HeldWorkflow | undefined {
    return this.#runs.get(keyOf({ workflowId, epoch }));
  }

  add(run: HeldWorkflow): void {
    this.#runs.set(keyOf(run), run);
    this.changed.notify();
  }

  remove(run: HeldWorkflow): void {
    this.#runs.delete(keyOf(run));
    this.changed.notify();
  }

  /** Stops all. */
  stop(cause: StopCause): void {
    for (const run of this.#runs.values()) run.stop(cause);
  }
}

function keyOf({ workflowId, epoch }: { workflowId: string; epoch: string }): string {
  return `${workflowId}/${epoch}`;
}
