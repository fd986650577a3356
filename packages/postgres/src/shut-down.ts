import { setTimeout as delay } from "node:timers/promises";

/** Time for a fast shutdown, which writes everything down; a busy disk needs some of it. */
const FAST_MS = 20_000;

/** Time for an immediate shutdown, after which the next start recovers; Postgres itself gives its children 5 s. */
const IMMEDIATE_MS = 10_000;

/** Stops a server process: fast, and if that takes too long, immediately. Returns when it has gone or both failed. */
export async function shutDown(server: {
  kill(signal: "SIGINT" | "SIGQUIT"): void;
  gone: Promise<unknown>;
}): Promise<void> {
  server.kill("SIGINT");
  if (await within(FAST_MS, server.gone)) return;
  server.kill("SIGQUIT");
  await within(IMMEDIATE_MS, server.gone);
}

async function within(ms: number, event: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(ms, false, { signal: timer.signal }).catch(() => false);
  const happened = await Promise.race([event.then(() => true), late]);
  timer.abort();
  return happened;
}
