import { setTimeout as delay } from "node:timers/promises";
import { GHOST } from "../workload.ts";
import { cancel } from "./operate.ts";
import type { Stage } from "./stage.ts";

/** How long the ghost waits for work, in milliseconds: its own lease has to run out for the second time it asks. */
const WAIT_MS = 12_000;
const PAUSE_MS = 100;

/**
 * The ghost takes a workflow and lets the lease run out; is given the same workflow again; and only then reports that the
 * first try succeeded. Nobody ran it, so nothing may come of that.
 */
export async function haunt(stage: Stage, pipeline: number): Promise<void> {
  const { world, witness } = stage;
  await witness.disturb(GHOST, "silence", async () => {
    const first = await world.ghost.take(WAIT_MS);
    const second = first && (await world.ghost.take(WAIT_MS));
    if (!second) return;
    if (first.workflowId === second.workflowId) await world.ghost.claimSuccess(first);
    await world.ghost.handBack(second);
  });
  // It may not have been accepted yet.
  while (!stage.pipelines.has(pipeline)) await delay(PAUSE_MS, undefined, { signal: stage.signal });
  await cancel(stage, pipeline);
}
