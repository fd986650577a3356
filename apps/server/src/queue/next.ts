import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NextRequest, NextResponseSchema } from "@groundcrew/proto";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { requireMap, requireRange, requireText } from "../validate.ts";
import { withSecrets } from "../secrets/inject.ts";
import { grantMessage } from "./grant.ts";
import type { GrantRow } from "./lease.ts";
import { Matcher } from "./matcher.ts";
import { readParents } from "./parents.ts";
import type { Question } from "./waiters.ts";

type Response = MessageInitShape<typeof NextResponseSchema>;

/** Answers the agents' long polls for work. One for each server: all polls wait in its matcher. */
export class Poller {
  readonly #context: ServerContext;
  readonly #matcher: Matcher;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#matcher = new Matcher(context);
  }

  /** Grants work, waiting for it at most as long as asked for, until the caller leaves or the server stops. */
  async next(caller: Caller, request: NextRequest, signal: AbortSignal): Promise<Response> {
    const { pollHoldMs } = this.#context.intervals;
    const holdMs = request.holdMs === 0 ? pollHoldMs : Math.min(request.holdMs, pollHoldMs);
    return this.#answer(await this.#matcher.ask(checked(caller, request), { holdMs, signal }), caller);
  }

  /** Grants what there is now, for a poll that rides on Done. */
  async nextNow(caller: Caller, request: NextRequest): Promise<Response> {
    return this.#answer(await this.#matcher.ask(checked(caller, request), { holdMs: 0 }), caller);
  }

  /** Lets the polls of an agent that ends go. Resolves once no statement is in flight that may grant it anything. */
  dismiss({ agentId }: Caller): Promise<void> {
    return this.#matcher.dismiss(agentId);
  }

  /** Tells that a lease of an agent has ended: its slot is free. Not telling costs a query, never a slot. */
  released({ agentId }: Caller, epoch: string): void {
    this.#matcher.released(agentId, epoch);
  }

  async #answer(rows: readonly GrantRow[], caller: Caller): Promise<Response> {
    const { granted, withheld } = await withSecrets(this.#context, rows);
    for (const { epoch } of withheld) this.released(caller, epoch);
    if (granted.length === 0) return {};
    const parents = await readParents(
      this.#context.db,
      granted.map(({ row }) => row),
    );
    return {
      grants: granted.map(({ row, secrets }) => grantMessage(row, { parents: parents.get(row.id) ?? [], secrets })),
    };
  }
}

function checked(caller: Caller, { pollId, freeSlots, labels, again }: NextRequest): Question {
  const given = Object.keys(labels).length > 0;
  return {
    caller,
    pollId: requireText("poll_id", pollId, { min: 1, max: 64, expected: "1 to 64 characters" }),
    slots: requireRange("free_slots", freeSlots, 1, 1024),
    labels: given ? requireMap("labels", labels, { maxEntries: 64, maxKey: 128, maxValue: 128 }) : undefined,
    again,
  };
}
