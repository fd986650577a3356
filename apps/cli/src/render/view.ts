import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Style } from "../terminal/style.ts";
import { formatDuration } from "../terminal/duration.ts";
import { visible } from "../terminal/visible.ts";

/** What a picture is drawn for. */
export interface View {
  /** The time, in milliseconds since the epoch: durations of what runs count up to it, and it turns the spinner. */
  nowMs: number;
  /** Columns; no line is wider. */
  width: number;
  /** Rows; there are no more lines. Without it everything is shown. */
  height?: number;
  style: Style;
  /** Whether symbols of what runs turn. Default: false. */
  live?: boolean;
}

/** When something started and ended, as far as it has. */
export interface Span {
  startedAt?: Timestamp | undefined;
  finishedAt?: Timestamp | undefined;
}

function elapsedMs(span: Span, nowMs: number): number | undefined {
  if (!span.startedAt) return undefined;
  const end = span.finishedAt ? timestampMs(span.finishedAt) : nowMs;
  return Math.max(0, end - timestampMs(span.startedAt));
}

/** A moment, exactly. Empty when there was none. */
export function timeText(at: Timestamp | undefined): string {
  return at ? new Date(timestampMs(at)).toISOString() : "";
}

/** How long something took, or has taken so far. Empty before it started. */
export function elapsedText(span: Span, nowMs: number): string {
  const ms = elapsedMs(span, nowMs);
  return ms === undefined ? "" : formatDuration(ms);
}

/** What became of something, in one line: `failed after 12s (exit code 2)`. */
export function describeChange(word: string, span: Span, note: string): string {
  const after = span.finishedAt && span.startedAt ? ` after ${elapsedText(span, 0)}` : "";
  return `${word}${after}${note === "" ? "" : ` (${visible(note)})`}`;
}
