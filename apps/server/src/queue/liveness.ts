import { sql } from "kysely";
import type { ServerContext } from "../context.ts";

type Beating = Pick<ServerContext, "db" | "replica" | "intervals">;

/**
 * Says that this replica is up, and that servers are, since when without a gap. A gap over TTL/2 starts the stretch
 * anew, so that nothing expires because of an outage of the servers.
 */
export async function beat({ db, replica, intervals }: Beating): Promise<void> {
  await sql`
    with noted as (
      insert into replicas (name) values (${replica}) on conflict (name) do update set alive_at = now()
    )
    update liveness set
      up_since = case
        when now() - alive_at > ${intervals.leaseTtlMs / 2} * interval '1 millisecond' then now() else up_since
      end,
      alive_at = now()`.execute(db);
}

/** Beats for one replica, every TTL/6 at the latest. */
export class Heartbeat {
  readonly #context: Beating & Pick<ServerContext, "hints" | "log">;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(context: Beating & Pick<ServerContext, "hints" | "log">) {
    this.#context = context;
  }

  /** Beats at once, so that the outage which this start ends is noted before anybody acts, and then until stopped. */
  async start(): Promise<void> {
    await beat(this.#context);
    this.#running = this.#loop();
  }

  /** Ends after the beat in progress, and takes this replica off the list. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return this.#running;
    this.#stop.abort();
    await this.#running;
    const { db, replica } = this.#context;
    await db.deleteFrom("replicas").where("name", "=", replica).execute();
  }

  async #loop(): Promise<void> {
    const { hints, intervals, log } = this.#context;
    // The jitter adds up to a quarter.
    for await (const _ of hints.rounds([], intervals.leaseTtlMs / 6 / 1.25, this.#stop.signal)) {
      await beat(this.#context).catch((error: unknown) => log.warn({ err: error }, "could not tell that it is up"));
    }
  }
}
