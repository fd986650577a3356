import type { StageFacts } from "@groundcrew/vetting";
import type { Tx } from "../context.ts";
import { leaseReflector } from "../reflectors/lease.ts";

/** How long a run whose partner has other work waits before it asks again, in milliseconds. */
const BUSY_WAIT_MS = 5_000;

/** What a partner is kept for beyond the stage's own limit, in milliseconds. */
const LEASE_SLACK_MS = 60_000;

/** What a stage is told, or how long its run waits until it can be. */
export type FactsOrWait = { facts: Partial<StageFacts> } | { waitMs: number };

/** What the server knows of a run that this stage may need. For a transaction that holds the workflow's row. */
export async function stageFactsFor(
  tx: Tx,
  runId: string,
  { stage, timeoutMs }: { stage: string; timeoutMs: number },
): Promise<FactsOrWait> {
  const startedAt = await claimedAt(tx, runId);
  const facts = { runId, ...(startedAt && { startedAt: startedAt.toISOString() }) };
  if (stage !== "network") return { facts };
  const partner = await leaseReflector(tx, runId, timeoutMs + LEASE_SLACK_MS);
  switch (partner.kind) {
    case "leased":
      return { facts: { ...facts, reflector: partner.reflector } };
    case "absent":
      return { facts: { ...facts, reflectorAbsent: partner.reflectorAbsent } };
    case "busy":
      return { waitMs: BUSY_WAIT_MS };
    default:
      return partner satisfies never;
  }
}

/** When an agent took the run for the first time: what its machine noted since then is of this run. */
async function claimedAt(tx: Tx, runId: string): Promise<Date | undefined> {
  const { at } = await tx
    .selectFrom("workflow_events")
    .select((eb) => eb.fn.min("at").as("at"))
    .where("workflow_id", "=", runId)
    .where("to_state", "=", "running")
    .executeTakeFirstOrThrow();
  return at ?? undefined;
}
