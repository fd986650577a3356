import { EventEmitter } from "node:events";
import type postgres from "postgres";

/** The one Postgres channel. */
const CHANNEL = "groundcrew";

/** Postgres limits a payload to 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_900;

/** How long hints gather before they are sent, in milliseconds: one NOTIFY for many. */
const GATHER_MS = 5;

/** What a hint is about. Ids are decimal strings. */
export type Topic = "queue" | `workflow:${string}` | `pipeline:${string}` | `log:${string}` | `agent:${string}`;

/**
 * Wakes waiters on this replica and the others. Only ever a hint: whoever waits reads the truth from the database, and
 * looks again from time to time in case a hint was lost or a pooler ate LISTEN. Sent after the commit, by one
 * connection, coalesced, because NOTIFY inside a hot transaction takes a lock at commit.
 */
export class Hints {
  readonly #driver: postgres.Sql;
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #pending = new Set<Topic>();
  #timer: NodeJS.Timeout | undefined;
  #listener: postgres.ListenMeta | undefined;

  constructor(driver: postgres.Sql) {
    this.#driver = driver;
  }

  /** Begins to hear the other replicas. Where LISTEN does not work, their hints are lost and polls do. */
  async start(): Promise<void> {
    this.#listener = await this.#driver.listen(CHANNEL, (payload) => {
      for (const topic of payload.split(" ")) this.#emitter.emit(topic);
    });
  }

  /** Stops hearing and sending. Idempotent. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#pending.clear();
    await this.#listener?.unlisten();
    this.#listener = undefined;
  }

  /** Wakes waiters on these topics, here at once and on the other replicas soon. Call it after the commit. */
  publish(...topics: Topic[]): void {
    for (const topic of topics) {
      this.#emitter.emit(topic);
      this.#pending.add(topic);
    }
    this.#timer ??= setTimeout(() => void this.#flush(), GATHER_MS).unref();
  }

  /**
   * Rounds of a loop that reads the truth: one at once, then one after each hint on a topic and at least every
   * `pollMs` milliseconds, jittered. A hint that comes while a round runs is not lost. Ends when the signal aborts.
   */
  async *rounds(topics: readonly Topic[], pollMs: number, signal: AbortSignal): AsyncGenerator<void> {
    let hinted = true;
    let wake = (): void => undefined;
    const onHint = (): void => {
      hinted = true;
      wake();
    };
    for (const topic of topics) this.#emitter.on(topic, onHint);
    signal.addEventListener("abort", onHint, { once: true });
    try {
      while (!signal.aborted) {
        if (!hinted) {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          const timer = setTimeout(resolve, pollMs * (0.75 + Math.random() / 2));
          await promise;
          clearTimeout(timer);
        }
        hinted = false;
        if (!signal.aborted) yield;
      }
    } finally {
      for (const topic of topics) this.#emitter.off(topic, onHint);
      signal.removeEventListener("abort", onHint);
    }
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const topics = [...this.#pending];
    this.#pending.clear();
    for (const payload of payloads(topics)) {
      // A hint that cannot be sent is a hint lost: the polls find the change.
      await this.#driver.notify(CHANNEL, payload).catch(() => undefined);
    }
  }
}

function payloads(topics: Topic[]): string[] {
  const packed: string[] = [];
  let current = "";
  for (const topic of topics) {
    if (current.length + topic.length + 1 > MAX_PAYLOAD_BYTES) {
      packed.push(current);
      current = "";
    }
    current = current === "" ? topic : `${current} ${topic}`;
  }
  return current === "" ? packed : [...packed, current];
}
