import { type StopCause, StopError } from "@groundcrew/engine";
import { StaleEpochSchema, type Grant } from "@groundcrew/proto";
import { detailOf } from "@groundcrew/rpc";
import type { CallOptions, PeerClient, ServerLink } from "../connection/server-link.ts";

const LEAVES: ReadonlySet<StopCause["kind"]> = new Set(["handed_back", "lost", "abandoned"]);

/** The right to run one workflow, as long as it is held, and what ends the running. */
export class Lease {
  readonly grant: Grant;
  readonly #link: ServerLink;
  readonly #stop = new AbortController();
  readonly #leave = new AbortController();
  readonly #discard = new AbortController();

  constructor(grant: Grant, link: ServerLink) {
    this.grant = grant;
    this.#link = link;
  }

  /** Aborted when steps must stop; the reason is a StopError. Reports are still sent. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted when nothing more is to run, clean-ups included: the lease is lost or handed back, whatever came before. */
  get left(): AbortSignal {
    return this.#leave.signal;
  }

  /** Aborted when the lease is lost, or the agent ends at once: nothing is to be reported any more. */
  get discarded(): AbortSignal {
    return this.#discard.signal;
  }

  /** Stops the steps. The first cause counts, but a hand-back always ends clean-ups, and a loss always discards. */
  stop(cause: StopCause): void {
    const error = new StopError(cause);
    this.#stop.abort(error);
    if (LEAVES.has(cause.kind)) this.#leave.abort(error);
    if (cause.kind === "lost" || cause.kind === "abandoned") this.#discard.abort(error);
  }

  /** Repeats a call until it is answered or the lease is lost; a stale epoch is a loss. Throws any other refusal. */
  async call<T>(call: (client: PeerClient, how: CallOptions) => Promise<T>, options: CallOptions = {}): Promise<T> {
    const signal = options.signal ? AbortSignal.any([options.signal, this.discarded]) : this.discarded;
    try {
      return await this.#link.untilAnswered(call, { ...options, signal });
    } catch (error) {
      if (detailOf(error, StaleEpochSchema)) this.stop({ kind: "lost" });
      throw error;
    }
  }
}
