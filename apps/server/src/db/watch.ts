import { Code, ConnectError, delay } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import type { Topic } from "./hints.ts";

/** How often a watch reads the truth without a hint, in milliseconds. */
const POLL_MS = 2_000;

/** What a watch follows, and for whom. */
interface WatchOptions {
  topics: readonly Topic[];
  /** The least time from the end of one round to the start of the next, in milliseconds: hints meanwhile are one. */
  gapMs: number;
  /** The call's signal. */
  caller: AbortSignal;
}

/**
 * Rounds of a watch that reads the truth: one at once, then one after each hint and every two seconds. Endless: the
 * watcher leaves the loop when all is said. Throws UNAVAILABLE when the server stops, so that the caller asks another
 * replica or later, and the caller's reason when it went away.
 */
export async function* watchRounds(
  { hints, stopping }: Pick<ServerContext, "hints" | "stopping">,
  { topics, gapMs, caller }: WatchOptions,
): AsyncGenerator<void, never> {
  const signal = AbortSignal.any([caller, stopping]);
  for await (const _ of hints.rounds(topics, POLL_MS, signal)) {
    yield;
    await delay(gapMs, signal).catch(() => undefined);
  }
  caller.throwIfAborted();
  throw stoppingError();
}

/** Throws UNAVAILABLE when the server stops: for watches that have much to say in one round. */
export function throwIfStopping({ stopping }: Pick<ServerContext, "stopping">): void {
  if (stopping.aborted) throw stoppingError();
}

function stoppingError(): ConnectError {
  return new ConnectError("the server is stopping; watch again", Code.Unavailable);
}
