import { delay } from "@groundcrew/rpc";
import { Condition } from "../condition.ts";
import type { Log } from "../log.ts";

// Answers that come sooner after one another are no recovery: one call that fails among many that do not must not be
// repeated as often as the others are answered.
const SILENCE_MS = 500;

// Over how long an agent's calls come back, so that those of many agents do not come in one instant.
const RETURN_MS = 200;

/** What an outage needs. */
export interface OutageOptions {
  log: Log;
  /** A number in [0, 1). Default: Math.random. */
  random?: (() => number) | undefined;
}

/**
 * Tells the log about an outage once when it begins and once when it is over, however many calls fail meanwhile, and
 * wakes those that wait to try again as soon as the first of them was answered.
 */
export class Outage {
  readonly #log: Log;
  readonly #random: () => number;
  readonly #changed = new Condition();
  #sinceMs: number | undefined;
  #answeredMs = -Infinity;
  #recoveries = 0;

  constructor({ log, random = Math.random }: OutageOptions) {
    this.#log = log;
    this.#random = random;
  }

  /** A call failed. */
  failed(error: unknown): void {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = performance.now();
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.warn({ reason }, "the server does not answer; trying again until it does, steps go on");
  }

  /** A call was answered. */
  over(): void {
    const nowMs = performance.now();
    const silentMs = nowMs - this.#answeredMs;
    this.#answeredMs = nowMs;
    if (this.#sinceMs === undefined) return;
    const outageMs = Math.round(nowMs - this.#sinceMs);
    this.#sinceMs = undefined;
    this.#log.info({ outageMs }, "the server answers again");
    if (silentMs < SILENCE_MS) return;
    this.#recoveries += 1;
    this.#changed.notify();
  }

  /** Waits before another try: `ms` milliseconds, or until soon after the server answers again, which is told `true`. */
  async pause(ms: number, signal?: AbortSignal): Promise<boolean> {
    const before = this.#recoveries;
    const recovered = await this.#changed.until(() => this.#recoveries !== before, { signal, timeoutMs: ms });
    if (recovered) await delay(this.#random() * RETURN_MS, signal);
    return recovered;
  }
}
