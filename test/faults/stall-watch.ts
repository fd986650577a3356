import type { Witness } from "./world/witness.ts";

/** How often to look at the clock, and how late a look may be, in milliseconds. */
const EVERY_MS = 100;
const LATE_MS = 500;

/** Notes when the whole machine stood still: nobody is to blame for what they did not do then. */
export function watchForStalls(witness: Witness): () => void {
  let lastMs = Date.now();
  const timer = setInterval(() => {
    const nowMs = Date.now();
    const lateMs = nowMs - lastMs - EVERY_MS;
    const stall = {
      subject: "all",
      how: `stall of ${lateMs} ms of`,
      fromMs: lastMs,
      toMs: nowMs,
      wellMs: nowMs + lateMs,
    };
    if (lateMs > LATE_MS) witness.disturbed(stall);
    lastMs = nowMs;
  }, EVERY_MS);
  return () => clearInterval(timer);
}
