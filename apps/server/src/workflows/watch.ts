import { equals } from "@bufbuild/protobuf";
import { PipelineSchema, type Pipeline } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { watchRounds } from "../db/watch.ts";
import { workflowStateName } from "../names.ts";
import { readPipeline } from "./read.ts";
import { hasEnded } from "./rules.ts";

/** The least time between two snapshots, in milliseconds: faster than an eye follows, slow enough for large ones. */
const GAP_MS = 100;

/**
 * A pipeline as it is now, then again whenever something changed, until it has ended. Throws NOT_FOUND, and
 * UNAVAILABLE when the server stops.
 */
export async function* watchPipeline(
  context: ServerContext,
  id: string,
  caller: AbortSignal,
): AsyncGenerator<Pipeline> {
  let last: Pipeline | undefined;
  for await (const _ of watchRounds(context, { topics: [`pipeline:${id}`], gapMs: GAP_MS, caller })) {
    const now = await inSnapshot(context, (tx) => readPipeline(tx, id));
    if (!last || !equals(PipelineSchema, last, now)) yield now;
    last = now;
    if (isOver(now)) return;
  }
}

function isOver({ state }: Pipeline): boolean {
  const name = workflowStateName(state);
  return name !== undefined && hasEnded(name);
}
