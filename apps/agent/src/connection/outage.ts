import type { Log } from "../log.ts";

/** Tells the log about an outage once when it begins and once when it is over, however many calls fail meanwhile. */
export class Outage {
  readonly #log: Log;
  #sinceMs: number | undefined;

  constructor(log: Log) {
    this.#log = log;
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
    if (this.#sinceMs === undefined) return;
    const outageMs = Math.round(performance.now() - this.#sinceMs);
    this.#sinceMs = undefined;
    this.#log.info({ outageMs }, "the server answers again");
  }
}
