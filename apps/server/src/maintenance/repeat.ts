import type { Logger } from "pino";
import type { Hints } from "../db/hints.ts";

/** How many parts one look does at most, so that what never comes to an end does not keep the database busy. */
const PARTS_MAX = 1_000;

/** Something that one replica does again and again. */
export interface Task {
  /** For the log: what it looks after. */
  name: string;
  /** How long between two looks, in milliseconds, before jitter. */
  everyMs: number;
  /** Does a bounded part and returns how much that was; asked again at once while it is not 0. */
  run: () => Promise<number>;
}

interface Running {
  hints: Hints;
  log: Logger;
  signal: AbortSignal;
}

/** Repeats each task until the signal aborts, the first time at once. One that fails is logged, and tried again. */
export async function repeatAll(tasks: readonly Task[], running: Running): Promise<void> {
  await Promise.all(tasks.map((task) => repeat(task, running)));
}

async function repeat(task: Task, { hints, log, signal }: Running): Promise<void> {
  for await (const _ of hints.rounds([], task.everyMs, signal)) {
    await exhaust(task, signal).catch((error: unknown) =>
      log.error({ task: task.name, err: error }, "a maintenance task failed; it will be tried again"),
    );
  }
}

async function exhaust({ run }: Task, signal: AbortSignal): Promise<void> {
  for (let parts = 0; parts < PARTS_MAX && !signal.aborted; parts++) if ((await run()) === 0) return;
}
