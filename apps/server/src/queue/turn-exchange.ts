import type { ServerContext } from "../context.ts";

/** How often replicas tell each other of turns, in milliseconds, before jitter. */
const EXCHANGE_MS = 1_000;

/** Tells the other replicas of the turns given here, and learns of theirs, every second. */
export class TurnExchange {
  readonly #context: Pick<ServerContext, "db" | "hints" | "log" | "turns">;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(context: Pick<ServerContext, "db" | "hints" | "log" | "turns">) {
    this.#context = context;
  }

  /** Learns what the others know, before the first turn is given here, and goes on until stopped. */
  async start(): Promise<void> {
    const { db, turns } = this.#context;
    await turns.exchange(db);
    this.#running = this.#loop();
  }

  /** Tells what is left to tell. Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#running = undefined;
  }

  async #loop(): Promise<void> {
    const { hints } = this.#context;
    for await (const _ of hints.rounds([], EXCHANGE_MS, this.#stop.signal)) await this.#exchange();
    await this.#exchange();
  }

  async #exchange(): Promise<void> {
    const { db, log, turns } = this.#context;
    try {
      await turns.exchange(db);
    } catch (error) {
      log.debug({ err: error }, "could not exchange the turns of owners; will try again");
    }
  }
}
