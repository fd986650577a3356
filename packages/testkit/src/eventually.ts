import { setTimeout as delay } from "node:timers/promises";

/** How to look for something that no event tells about. */
export interface EventuallyOptions {
  /** What is waited for, for the error: "agent a1 is connected". */
  what: string;
  /** Gives up after this, in milliseconds. Default 20,000: far more than anything takes on a busy machine. */
  timeoutMs?: number;
  /** How often to look, in milliseconds. Default 25. */
  everyMs?: number;
}

/** Looks until `look` answers something other than undefined. For what has no event; everything else is awaited. */
export async function eventually<T>(look: () => Promise<T | undefined>, options: EventuallyOptions): Promise<T> {
  const { what, timeoutMs = 20_000, everyMs = 25 } = options;
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await delay(everyMs);
  }
}
