import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NextRequest, NextResponseSchema } from "@groundcrew/proto";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { requireMap, requireRange, requireText } from "../validate.ts";
import { LabelClasses } from "./classes.ts";
import { grantMessage } from "./grant.ts";
import type { Offered } from "./labels.ts";
import { grantedBefore, lease, type GrantRow } from "./lease.ts";

/** How often a held poll looks at the queue without a hint, in milliseconds, before jitter. */
const POLL_MS = 3_000;

type Response = MessageInitShape<typeof NextResponseSchema>;

/** Answers the agents' long polls for work. */
export class Poller {
  readonly #context: ServerContext;
  readonly #classes: LabelClasses;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#classes = new LabelClasses(context.db);
  }

  /** Grants work, waiting for it at most as long as asked for, until the caller leaves or the server stops. */
  async next(caller: Caller, request: NextRequest, signal: AbortSignal): Promise<Response> {
    const { pollHoldMs } = this.#context.intervals;
    const holdMs = request.holdMs === 0 ? pollHoldMs : Math.min(request.holdMs, pollHoldMs);
    return this.#poll(caller, request, AbortSignal.any([signal, AbortSignal.timeout(holdMs)]));
  }

  /** Grants what there is now, for a poll that rides on Done. */
  async nextNow(caller: Caller, request: NextRequest): Promise<Response> {
    return answer(await this.#tryLease(caller, checked(request)));
  }

  async #poll(caller: Caller, request: NextRequest, signal: AbortSignal): Promise<Response> {
    const asked = checked(request);
    const ending = AbortSignal.any([signal, this.#context.stopping]);
    for await (const _ of this.#context.hints.rounds(["queue", `agent:${caller.agentId}`], POLL_MS, ending)) {
      const grants = await this.#tryLease(caller, asked);
      if (grants.length > 0) return answer(grants);
    }
    return {};
  }

  async #tryLease(caller: Caller, asked: Asked): Promise<GrantRow[]> {
    const { db, intervals } = this.#context;
    const classes = await this.#classes.matching(await this.#offer(caller, asked));
    return db.transaction().execute(async (tx) => {
      // An agent that asks again may have an earlier poll still open: one at a time sees what the other was granted,
      // and neither exceeds the agent's capacity.
      await tx.selectFrom("agents").select("id").where("id", "=", caller.agentId).forUpdate().execute();
      const before = await grantedBefore(tx, caller, asked.pollId);
      return before.length > 0 ? before : lease(tx, { caller, classes, ...asked, leaseTtlMs: intervals.leaseTtlMs });
    });
  }

  async #offer({ agentId }: Caller, { labels }: Asked): Promise<Offered> {
    const agent = await this.#context.db
      .selectFrom("agents")
      .select(["serves", "labels", "machine_id"])
      .where("id", "=", agentId)
      .executeTakeFirstOrThrow();
    return { kind: agent.serves, labels: labels ?? agent.labels, machineId: agent.machine_id };
  }
}

interface Asked {
  pollId: string;
  slots: number;
  labels: Record<string, string> | undefined;
}

function checked({ pollId, freeSlots, labels }: NextRequest): Asked {
  const given = Object.keys(labels).length > 0;
  return {
    pollId: requireText("poll_id", pollId, { min: 1, max: 64, expected: "1 to 64 characters" }),
    slots: requireRange("free_slots", freeSlots, 1, 1024),
    labels: given ? requireMap("labels", labels, { maxEntries: 64, maxKey: 128, maxValue: 128 }) : undefined,
  };
}

function answer(grants: GrantRow[]): Response {
  return { grants: grants.map(grantMessage) };
}
