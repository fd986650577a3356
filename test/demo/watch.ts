import { WorkflowState, type Pipeline, type VettingRun } from "@groundcrew/proto";
import { hasEnded } from "../../apps/cli/src/render/looks.ts";
import type { Operator } from "../../apps/cli/src/session.ts";
import { follow } from "../../apps/cli/src/watch/follow.ts";
import type { Presenter } from "../../apps/cli/src/watch/present.ts";
import type { Progress } from "./progress.ts";

/** Between tries to reach the server again, in milliseconds: it is away for seconds at most. */
const BACKOFF_MS = { min: 100, max: 1_000 };
/** The demo fails when the server was away for this long, in milliseconds. */
const GIVE_UP_AFTER_MS = 60_000;

/** What to watch, and where to show it. */
export interface WatchOptions {
  operator: Operator;
  pipelineId: string;
  vettingId: string;
  presenter: Presenter<Progress>;
  signal: AbortSignal;
}

/** Shows a pipeline and a vetting run while they go on, and what happens meanwhile. */
export class Watch {
  readonly #options: WatchOptions;
  #progress: Progress = { notes: [] };

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Tells what was done to a program. */
  note(text: string): void {
    this.#show({ notes: [...this.#progress.notes, text] });
  }

  /** Follows the pipeline to its end. */
  async pipeline(): Promise<Pipeline> {
    const { operator, pipelineId: id } = this.#options;
    return this.#follow(
      (signal) => operator.watchPipeline({ id }, { signal }),
      ({ pipeline }) => pipeline,
      (pipeline) => this.#show({ pipeline }),
      ({ state }) => state,
    );
  }

  /** Follows the vetting run to its end. */
  async vetting(): Promise<VettingRun> {
    const { operator, vettingId: id } = this.#options;
    return this.#follow(
      (signal) => operator.watchVettingRun({ id }, { signal }),
      ({ run }) => run,
      (vetting) => this.#show({ vetting }),
      ({ workflow }) => workflow?.state ?? WorkflowState.UNSPECIFIED,
    );
  }

  #show(change: Partial<Progress>): void {
    if (this.#options.signal.aborted) return;
    this.#progress = { ...this.#progress, ...change };
    this.#options.presenter.show(this.#progress);
  }

  async #follow<Response, Snapshot>(
    open: (signal: AbortSignal) => AsyncIterable<Response>,
    snapshotOf: (response: Response) => Snapshot | undefined,
    show: (snapshot: Snapshot) => void,
    stateOf: (snapshot: Snapshot) => WorkflowState,
  ): Promise<Snapshot> {
    let last: Snapshot | undefined;
    const complete = () => last !== undefined && hasEnded(stateOf(last));
    const { signal } = this.#options;
    for await (const response of follow({
      open,
      complete,
      signal,
      backoffMs: BACKOFF_MS,
      giveUpAfterMs: GIVE_UP_AFTER_MS,
    })) {
      last = snapshotOf(response);
      if (last !== undefined) show(last);
    }
    if (last === undefined) throw new Error("the server ended a watch without a word");
    return last;
  }
}
