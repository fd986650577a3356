import { sql, type RawBuilder } from "kysely";
import type { Db, ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { endWorkflow, releaseWorkflow, type WorkflowRow } from "../workflows/transitions.ts";
import { beat } from "./liveness.ts";

/** How long a grant may stay without a word before it returns to the queue, in milliseconds: DESIGN's 10 s. */
const GRANT_LOST_MS = 10_000;

/** Looks at most this often, in milliseconds: a fifth of the shortest wait it enforces. */
const TICK_MAX_MS = 2_000;

/** Ends what its agent no longer renews, what was granted and never received, and what ran past its timeout. */
export class Reaper {
  readonly #context: ServerContext;
  #running: Promise<void> | undefined;
  readonly #stop = new AbortController();

  constructor(context: ServerContext) {
    this.#context = context;
  }

  /** Looks every few seconds until stopped. The first look notes that servers are up again. */
  async start(): Promise<void> {
    const { leaseTtlMs } = this.#context.intervals;
    await beat(this.#context.db, leaseTtlMs);
    this.#running = this.#loop(Math.min(leaseTtlMs / 6, TICK_MAX_MS));
  }

  /** Ends after the look in progress. Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #loop(tickMs: number): Promise<void> {
    const { hints, log, db, intervals } = this.#context;
    for await (const _ of hints.rounds([], tickMs, this.#stop.signal)) {
      try {
        await beat(db, intervals.leaseTtlMs);
        await reap(this.#context);
      } catch (error) {
        log.warn({ err: error }, "could not look for expired leases; will look again");
      }
    }
  }
}

/** One look. */
export async function reap(context: ServerContext): Promise<void> {
  const { leaseTtlMs } = context.intervals;
  await act(context, expired(leaseTtlMs), (tx, row) => releaseWorkflow(tx, row, "agent_lost", "server"));
  await act(context, grantLost(), (tx, row) => releaseWorkflow(tx, row, "grant_lost", "server"));
  await act(context, overdue(leaseTtlMs), endOverdue);
}

/** A condition on a held workflow `w` and on `liveness`, in database time. */
type Due = RawBuilder<boolean>;

function expired(leaseTtlMs: number): Due {
  return sql`now() > greatest(w.expires_at, liveness.up_since + ${leaseTtlMs} * interval '1 millisecond')`;
}

function grantLost(): Due {
  return sql`w.state = 'leased' and not w.received
    and now() > greatest(w.leased_at, liveness.up_since) + ${GRANT_LOST_MS} * interval '1 millisecond'`;
}

/** The agent enforces the timeout itself; the server steps in a third of the TTL later. */
function overdue(leaseTtlMs: number): Due {
  return sql`w.state = 'running' and now() > greatest(
    w.deadline + ${leaseTtlMs / 3} * interval '1 millisecond',
    liveness.up_since + ${leaseTtlMs} * interval '1 millisecond')`;
}

function held(db: Db, due: Due) {
  return db
    .selectFrom("workflows as w")
    .innerJoin("liveness", (join) => join.onTrue())
    .where("w.state", "in", ["leased", "running"])
    .where(due);
}

type Change = (tx: Tx, row: WorkflowRow) => Promise<Topic[]>;

async function act(context: ServerContext, due: Due, change: Change): Promise<void> {
  const found = await held(context.db, due).select("w.id").orderBy("w.id").execute();
  for (const { id } of found) {
    // One that cannot be ended must not keep the others waiting.
    await actOn(context, id, due, change).catch((error: unknown) =>
      context.log.error({ workflowId: id, err: error }, "could not end a lease; will try again"),
    );
  }
}

async function actOn(context: ServerContext, id: string, due: Due, change: Change): Promise<void> {
  const done = await context.db.transaction().execute(async (tx) => {
    // Asked again with the row locked: an Extend that came in between has saved it.
    const row = await held(tx, due).selectAll("w").where("w.id", "=", id).forUpdate("w").executeTakeFirst();
    return row && { row, topics: await change(tx, row) };
  });
  if (!done) return;
  const { row, topics } = done;
  context.log.info({ workflowId: id, epoch: row.epoch, agent: row.agent_name }, "ended a lease that was due");
  context.hints.publish(...topics);
}

function endOverdue(tx: Tx, row: WorkflowRow): Promise<Topic[]> {
  if (row.cancel_requested_at) return endWorkflow(tx, row, { state: "canceled", reason: "canceled", actor: "server" });
  const error = `it ran longer than ${row.timeout_ms / 1000} s, and its agent did not stop it`;
  return endWorkflow(tx, row, { state: "timed_out", reason: "workflow_timeout", error, actor: "server" });
}
