import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import type { Logger } from "pino";
import postgres from "postgres";
import type { Route } from "./connection.ts";

/** The one Postgres channel. */
const CHANNEL = "groundcrew";

/** Postgres limits a payload to 8,000 bytes, the name of its sender included. */
const MAX_PAYLOAD_BYTES = 7_800;

/** How long hints gather before they are sent, in milliseconds: one NOTIFY for many. */
const GATHER_MS = 5;

/** How long a hint of this replica may take to come back to it, in milliseconds: many times what it does. */
const ECHO_MAX_MS = 1_000;

/** What a hint is about. Ids are decimal strings. */
export type Topic =
  | "queue"
  | "maintenance"
  /** What an agent that holds a workflow must hear of: a cancel, or the end of its lease. */
  | `lease:${string}`
  | `workflow:${string}`
  | `pipeline:${string}`
  | `log:${string}`
  | `agent:${string}`;

/** How this replica reaches the others. */
interface HintsOptions {
  /** Default: direct, where LISTEN works. */
  route?: Route;
  /** Told once when it does not. */
  log?: Logger;
}

/**
 * Wakes waiters on this replica and the others. Only ever a hint: whoever waits reads the truth from the database, and
 * looks again from time to time in case a hint was lost or a pooler ate LISTEN. Sent after the commit, by one
 * connection, coalesced, because NOTIFY inside a hot transaction takes a lock at commit.
 */
export class Hints {
  readonly #driver: postgres.Sql;
  readonly #route: Route;
  readonly #log: Logger | undefined;
  /** Begins each payload that this replica sends: what it says itself it has acted on already. */
  readonly #name = randomUUID();
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #pending = new Set<Topic>();
  #timer: NodeJS.Timeout | undefined;
  #listener: postgres.ListenMeta | undefined;

  constructor(driver: postgres.Sql, { route = "direct", log }: HintsOptions = {}) {
    this.#driver = driver;
    this.#route = route;
    this.#log = log;
  }

  /**
   * Begins to hear the other replicas. Where LISTEN does not work, their hints are lost and polls find the changes.
   * Throws when the database is away.
   */
  async start(): Promise<void> {
    try {
      await this.#listen();
      if (this.#route === "direct" || (await this.#hearsItself())) return;
      await this.#unlisten();
    } catch (error) {
      if (!(error instanceof postgres.PostgresError)) throw error;
    }
    this.#log?.warn("LISTEN does not work on this way to the database: what other replicas do is found by polls");
  }

  /** Sends what is pending, and stops hearing. Idempotent. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flush();
    await this.#unlisten();
  }

  /** Wakes waiters on these topics, here at once and on the other replicas soon. Call it after the commit. */
  publish(...topics: Topic[]): void {
    for (const topic of topics) {
      this.#emitter.emit(topic);
      this.#pending.add(topic);
    }
    this.#timer ??= setTimeout(() => void this.#flush(), GATHER_MS).unref();
  }

  /** Calls the listener at each hint on a topic, and whenever hints may have been lost. Returns what ends that. */
  on(topic: Topic, listener: () => void): () => void {
    this.#emitter.on(topic, listener);
    return () => this.#emitter.off(topic, listener);
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

  async #listen(): Promise<void> {
    const onHint = (payload: string): void => {
      const [from, ...topics] = payload.split(" ");
      if (from !== this.#name) for (const topic of topics) this.#emitter.emit(topic);
    };
    this.#listener = await this.#driver.listen(CHANNEL, onHint, () => this.#wakeAll());
  }

  async #unlisten(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.unlisten();
  }

  /** Each time that listening begins: whatever was said before was not heard. */
  #wakeAll(): void {
    for (const topic of this.#emitter.eventNames()) this.#emitter.emit(topic);
  }

  /** A transaction-mode pooler takes LISTEN without a complaint, and then tells what is heard to anybody. */
  async #hearsItself(): Promise<boolean> {
    const echo = `echo:${randomUUID()}`;
    const heard = once(this.#emitter, echo, { signal: AbortSignal.timeout(ECHO_MAX_MS) });
    await this.#driver.notify(CHANNEL, `echo ${echo}`);
    return heard.then(
      () => true,
      () => false,
    );
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const topics = [...this.#pending];
    this.#pending.clear();
    for (const payload of payloads(topics)) {
      // A hint that cannot be sent is a hint lost: the polls find the change.
      await this.#driver.notify(CHANNEL, `${this.#name} ${payload}`).catch(() => undefined);
    }
  }
}

function payloads(topics: readonly string[]): string[] {
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
