import { ExtendOutcome, type ExtendedLease } from "@groundcrew/proto";
import { delay } from "@groundcrew/rpc";
import type { ServerLink } from "../connection/server-link.ts";
import type { HeldWorkflows } from "../workflows/held-workflows.ts";

/** What the lease keeper works with. */
export interface LeaseKeeperOptions {
  link: ServerLink;
  held: HeldWorkflows;
  /** How often to extend, in milliseconds: a third of the TTL. */
  intervalMs: number;
}

// What a slow server may take to answer, however short the interval.
const ANSWER_MIN_MS = 1_000;

/** Extends all leases at every interval until the signal aborts. Failure to reach the server stops nothing. */
export async function keepLeases(options: LeaseKeeperOptions, signal: AbortSignal): Promise<void> {
  const { link, held, intervalMs } = options;
  // One try takes no longer than the interval: a connection that has gone silent must not cost the leases.
  const limits = { signal, timeoutMs: Math.max(intervalMs, ANSWER_MIN_MS) };
  for (;;) {
    await delay(intervalMs, signal);
    if (held.isEmpty) continue;
    // The leases are listed anew for each try: an old list would extend what has ended meanwhile.
    const answer = await link.untilAnswered((client, how) => client.extend({ leases: held.leases() }, how), limits);
    for (const lease of answer.leases) obey(held, lease);
  }
}

function obey(held: HeldWorkflows, { workflowId, epoch, outcome }: ExtendedLease): void {
  if (outcome === ExtendOutcome.LOST) held.find(workflowId, epoch)?.stop({ kind: "lost" });
  if (outcome === ExtendOutcome.CANCEL_REQUESTED) held.find(workflowId, epoch)?.stop({ kind: "canceled", by: "" });
}
