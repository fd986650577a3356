import { randomUUID } from "node:crypto";
import type { Grant } from "@groundcrew/proto";
import { ANSWER_MS, type CallOptions, type PeerClient, type ServerLink } from "../connection/server-link.ts";
import type { HeldWorkflows } from "../workflows/held-workflows.ts";

/** What the poller works with. */
export interface PollerOptions {
  link: ServerLink;
  held: HeldWorkflows;
  /** How long the server holds a poll, in milliseconds. */
  pollHoldMs: number;
  /** Starts a workflow that was granted. */
  accept: (grant: Grant) => void;
}

/**
 * Asks for work whenever there is a free slot, one question at a time, until the signal aborts. A question keeps its
 * poll_id until it is answered, so an answer that got lost is told again.
 */
export async function poll(options: PollerOptions, signal: AbortSignal): Promise<void> {
  const { held, accept } = options;
  for (;;) {
    await held.changed.until(() => held.wanted > 0, { signal });
    for (const grant of await ask(options, signal)) {
      if (!held.find(grant.workflowId, grant.epoch)) accept(grant);
    }
  }
}

/** One question. Asked again under the same id when the number of free slots changes meanwhile. */
async function ask(options: PollerOptions, signal: AbortSignal): Promise<Grant[]> {
  const { link, held, pollHoldMs } = options;
  const pollId = randomUUID();
  let again = false;
  // What an answer that was lost may have granted is only looked up for a question that says it was asked before.
  const call = (client: PeerClient, how: CallOptions, freeSlots: number) => {
    const request = { pollId, freeSlots, again };
    again = true;
    return client.next(request, how);
  };
  while (held.wanted > 0) {
    const freeSlots = held.wanted;
    const outdated = new AbortController();
    const answered = new AbortController();
    void held.changed
      .until(() => held.wanted !== freeSlots, { signal: AbortSignal.any([signal, answered.signal]) })
      .then(
        () => outdated.abort(),
        () => {},
      );
    try {
      const how = { signal: AbortSignal.any([signal, outdated.signal]), timeoutMs: pollHoldMs + ANSWER_MS };
      return (await link.untilAnswered((client, how) => call(client, how, freeSlots), how)).grants;
    } catch (error) {
      if (signal.aborted || !outdated.signal.aborted) throw error;
    } finally {
      answered.abort();
    }
  }
  return [];
}
