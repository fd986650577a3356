import type { MessageInitShape } from "@bufbuild/protobuf";
import type { WaitRequest, WaitResponseSchema } from "@groundcrew/proto";
import { WaitOutcome } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import type { WorkflowStateName } from "../db/schema.ts";
import { fence, isHeld } from "./rules.ts";
import { checkedLease, type LeaseName } from "./stale.ts";

/** How often all held Waits are looked at without a hint, in milliseconds, before jitter. */
const POLL_MS = 3_000;

type Response = MessageInitShape<typeof WaitResponseSchema>;

interface Waiter extends LeaseName {
  agentId: string;
  answer: (response: Response) => void;
}

/**
 * Where agents wait for a cancel or the end of their leases. However many wait, one statement at a time looks at those
 * that a hint named, and every few seconds at all of them.
 */
export class WaitRoom {
  readonly #context: ServerContext;
  readonly #waiters = new Map<Waiter, () => void>();
  readonly #due = new Set<Waiter>();
  #looking = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  /** Answers once a cancel was asked for or the lease has ended, else "running" when the hold is over. */
  async wait(caller: Caller, request: WaitRequest, signal: AbortSignal): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const { stopping, hints, intervals } = this.#context;
    const waiter: Waiter = { ...checkedLease(request), agentId: caller.agentId, answer: resolve };
    const holdMs = request.holdMs === 0 ? intervals.pollHoldMs : Math.min(request.holdMs, intervals.pollHoldMs);
    const leave = (): void => resolve({ outcome: WaitOutcome.RUNNING });
    const timer = setTimeout(leave, holdMs);
    for (const each of [signal, stopping]) each.addEventListener("abort", leave, { once: true });
    this.#waiters.set(
      waiter,
      hints.on(`lease:${waiter.workflowId}`, () => this.#look([waiter])),
    );
    if (signal.aborted || stopping.aborted) leave();
    else this.#look([waiter]);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      for (const each of [signal, stopping]) each.removeEventListener("abort", leave);
      this.#forget(waiter);
    }
  }

  #forget(waiter: Waiter): void {
    this.#waiters.get(waiter)?.();
    this.#waiters.delete(waiter);
    this.#due.delete(waiter);
    if (this.#waiters.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(waiters: Iterable<Waiter>): void {
    for (const waiter of waiters) this.#due.add(waiter);
    this.#timer ??= setTimeout(() => this.#lookAtAll(), POLL_MS * (0.75 + Math.random() / 2)).unref();
    if (!this.#looking) void this.#lookAtDue();
  }

  #lookAtAll(): void {
    this.#timer = undefined;
    this.#look(this.#waiters.keys());
  }

  async #lookAtDue(): Promise<void> {
    this.#looking = true;
    // What else this turn of the event loop brings is looked at together.
    await Promise.resolve();
    while (this.#due.size > 0) {
      const due = [...this.#due];
      this.#due.clear();
      try {
        await this.#readAll(due);
      } catch (error) {
        // They wait on: the next look at all of them finds what there is to find.
        this.#context.log.warn({ err: error, waits: due.length }, "could not look after held Waits; will look again");
      }
    }
    this.#looking = false;
  }

  async #readAll(due: readonly Waiter[]): Promise<void> {
    const rows = await this.#context.db
      .selectFrom("workflows")
      .select(["id", "epoch", "agent_id", "state", "cancel_requested_at", "canceled_by"])
      .where("id", "=", sql<string>`any (${due.map(({ workflowId }) => workflowId)}::bigint[])`)
      .execute();
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const waiter of due) {
      const response = responseOf(waiter, byId.get(waiter.workflowId));
      if (response.outcome !== WaitOutcome.RUNNING) waiter.answer(response);
    }
  }
}

interface Row {
  epoch: string;
  agent_id: string | null;
  state: WorkflowStateName;
  cancel_requested_at: Date | null;
  canceled_by: string | null;
}

function responseOf(waiter: Waiter, row: Row | undefined): Response {
  const lease = row && { epoch: row.epoch, agentId: row.agent_id };
  if (!row || fence(lease, waiter) === "stale") return { outcome: WaitOutcome.LOST };
  if (!isHeld(row.state)) return { outcome: row.state === "lost" ? WaitOutcome.LOST : WaitOutcome.ENDED };
  if (row.cancel_requested_at === null) return { outcome: WaitOutcome.RUNNING };
  return { outcome: WaitOutcome.CANCELED, canceledBy: row.canceled_by ?? "" };
}
