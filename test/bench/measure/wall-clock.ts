/**
 * The machine's clock, in milliseconds since 1970 with a fraction: the one that Postgres reads. performance.timeOrigin
 * and performance.now() add up to another, which drifts from it when the clock is corrected.
 */
export function wallClockMs(): number {
  return Number(Temporal.Now.instant().epochNanoseconds) / 1e6;
}
