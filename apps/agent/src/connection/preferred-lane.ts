import { backoffDelays, delay, Lane, type LaneEnd, type Transport } from "@groundcrew/rpc";
import type { Log } from "../log.ts";
import type { Outage } from "./outage.ts";

// A server that restarts is back within seconds; one without sessions is asked now and then, for it may be upgraded.
const BACKOFF = { minMs: 100, maxMs: 30_000 };

// What went silent once may do so again, and each time costs the calls on it their deadlines.
const SILENT_PAUSE_MS = 60_000;

/** What chooses the way of each call. */
export interface PreferredLaneOptions {
  /** Makes calls one by one, and the session's stream. */
  calls: Transport;
  outage: Outage;
  log: Log;
  /** Told why, when the server ends the session for good. */
  onDismissed: (reason: string) => void;
  /** A number in [0, 1). Default: Math.random. */
  random?: (() => number) | undefined;
}

/**
 * The way to the server: a call goes on the session's stream while there is one and it carries such calls, and by
 * itself at all other times. Whoever calls does not know which.
 */
export class PreferredLane implements Transport {
  readonly #options: PreferredLaneOptions;
  readonly #random: () => number;
  #lane: Lane | undefined;
  #isMissed = false;

  constructor(options: PreferredLaneOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  readonly unary: Transport["unary"] = (method, ...call) => {
    const way: Pick<Transport, "unary"> = this.#lane?.carries(method) ? this.#lane : this.#options.calls;
    return way.unary(method, ...call);
  };

  readonly stream: Transport["stream"] = (...call) => this.#options.calls.stream(...call);

  /** Keeps a session open until the signal aborts, and then rejects with its reason. */
  async keepOpen(signal: AbortSignal): Promise<void> {
    for (;;) {
      for (const pauseMs of backoffDelays({ ...BACKOFF, random: this.#random })) {
        if (await this.#holdOne(signal, pauseMs)) break;
      }
    }
  }

  /** Holds one session to its end, and pauses before the next. True when that one begins a new row of tries. */
  async #holdOne(signal: AbortSignal, pauseMs: number): Promise<boolean> {
    const lane = await this.#open(signal);
    const openedMs = performance.now();
    const end = await lane?.ended;
    this.#lane = undefined;
    signal.throwIfAborted();
    if (end) this.#tell(end);
    if (end?.isSilent) await delay(SILENT_PAUSE_MS * (0.75 + this.#random() / 2), signal);
    const lastedMs = end ? performance.now() - openedMs : 0;
    return (await this.#options.outage.pause(pauseMs, signal)) || lastedMs > BACKOFF.maxMs;
  }

  /** A session that calls go on from now on. Undefined: none can be opened, which is told once. */
  async #open(signal: AbortSignal): Promise<Lane | undefined> {
    const { calls, outage, log } = this.#options;
    try {
      const lane = await Lane.open({ transport: calls, signal });
      this.#lane = lane;
      outage.over();
      if (this.#isMissed) log.info("calls go on the session again");
      this.#isMissed = false;
      return lane;
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#isMissed) log.info({ reason }, "no session can be opened; calls go by themselves until one can");
      this.#isMissed = true;
      return undefined;
    }
  }

  #tell({ error, goodbye }: LaneEnd): void {
    const { log, onDismissed } = this.#options;
    if (goodbye && !goodbye.reconnect) onDismissed(goodbye.reason);
    log.debug({ reason: goodbye?.reason ?? error.message }, "the session ended; opening another");
  }
}
