import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type CaptureKind, evaluateCapture } from "./evaluate-capture.ts";

/** What is promised, the capture, its verdict, and what its first reason says. */
export type Row = [promise: string, capture: unknown, verdict: string, reason?: RegExp];

/** A test for each row: a capture of this kind, as text or as JSON, gets this verdict for this reason. */
export function prove(kind: CaptureKind, promise: string, rows: readonly Row[]): void {
  suite(promise, () => {
    for (const [name, capture, verdict, reason] of rows) {
      test(name, () => {
        const text = typeof capture === "string" ? capture : JSON.stringify(capture);
        const result = evaluateCapture(kind, text);
        assert.equal(result.verdict, verdict, result.reasons.join("\n"));
        if (reason) assert.match(result.reasons[0] ?? "", reason);
        else assert.equal(result.verdict === "pass", result.reasons.length === 0);
      });
    }
  });
}

/** Asserts that a sound capture passes, and that none of its beginnings does. */
export function neverPassesCut(kind: CaptureKind, whole: string): void {
  const { verdict, reasons } = evaluateCapture(kind, whole);
  assert.equal(verdict, "pass", reasons.join("\n"));
  for (let length = 0; length < whole.trimEnd().length; length += 1) {
    const cut = evaluateCapture(kind, whole.slice(0, length)).verdict;
    assert.ok(
      cut === "error" || cut === "fail",
      `${cut} after ${length} characters: …${whole.slice(0, length).slice(-40)}`,
    );
  }
}
