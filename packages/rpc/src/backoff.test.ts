import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { backoffDelays, delay } from "./backoff.ts";

function take(count: number, random: () => number): number[] {
  const delays = backoffDelays({ minMs: 100, maxMs: 1_000, random });
  return Array.from({ length: count }, () => delays.next().value);
}

suite("backoff", () => {
  test("doubles up to its cap and stays there", () => {
    assert.deepEqual(
      take(6, () => 1),
      [100, 200, 400, 800, 1_000, 1_000],
    );
  });

  test("never waits less than half of its ceiling, so that nobody spins", () => {
    assert.deepEqual(
      take(5, () => 0),
      [50, 100, 200, 400, 500],
    );
  });

  test("a delay ends at once with the signal's reason", async () => {
    const stop = new AbortController();
    const waiting = delay(3_600_000, stop.signal);
    stop.abort(new Error("stopping"));
    await assert.rejects(waiting, /stopping/);
    await assert.rejects(delay(3_600_000, stop.signal), /stopping/);
  });
});
