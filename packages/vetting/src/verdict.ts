/**
 * What the evidence says about the hardware.
 *
 * - `pass`: measured, and every gate held.
 * - `warn`: measured, nothing fell short, but something deserves a look.
 * - `fail`: measured, and fell short of a gate.
 * - `error`: could not be judged: a tool or metric is missing, or the evidence cannot be read.
 * - `skip`: left out, and the profile says why.
 * - `canceled`, `timed_out`: stopped by an operator, or by its limit.
 */
export type Verdict = "pass" | "warn" | "fail" | "error" | "skip" | "canceled" | "timed_out";

// What was measured outweighs what could not be: a machine that computed wrongly is bad even if its stage then crashed.
const GRAVEST_FIRST: readonly Verdict[] = ["fail", "canceled", "timed_out", "error", "warn", "pass", "skip"];

/** The gravest of several verdicts: fail, canceled, timed_out, error, warn, pass, skip. `fallback` when there are none. */
export function gravest(verdicts: readonly Verdict[], fallback: Verdict): Verdict {
  return GRAVEST_FIRST.find((verdict) => verdicts.includes(verdict)) ?? fallback;
}
