import { equals } from "@bufbuild/protobuf";
import { VettingRunSchema, type VettingRun } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { watchRounds } from "../db/watch.ts";
import { workflowStateName } from "../names.ts";
import { hasEnded } from "../workflows/rules.ts";
import { readVetting } from "./read.ts";

/** The least time between two snapshots, in milliseconds: faster than an eye follows. */
const GAP_MS = 100;

/**
 * A vetting run as it is now, then again whenever something changed, until it has ended. Throws NOT_FOUND, and
 * UNAVAILABLE when the server stops.
 */
export async function* watchVetting(
  context: ServerContext,
  id: string,
  caller: AbortSignal,
): AsyncGenerator<VettingRun> {
  let last: VettingRun | undefined;
  for await (const _ of watchRounds(context, { topics: [`workflow:${id}`], gapMs: GAP_MS, caller })) {
    const now = await inSnapshot(context, (tx) => readVetting(tx, id));
    if (!last || !equals(VettingRunSchema, last, now)) yield now;
    last = now;
    if (isOver(now)) return;
  }
}

function isOver({ workflow }: VettingRun): boolean {
  const name = workflow && workflowStateName(workflow.state);
  return name !== undefined && hasEnded(name);
}
