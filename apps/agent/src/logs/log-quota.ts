import type { LineRun } from "@groundcrew/engine";
import type { LogLimits } from "./log-limits.ts";

const NEWLINE = 0x0a;

/** Counts what all outputs of a step run have written, and stops at the first line beyond a limit. */
export class LogQuota {
  readonly #limits: LogLimits;
  #bytes = 0;
  #lines = 0;
  #exceeded: keyof LogLimits | undefined;

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  /** The limit that a line was beyond: nothing more is kept. */
  get exceeded(): keyof LogLimits | undefined {
    return this.#exceeded;
  }

  /** As many lines of a run as may be kept; undefined for none. */
  take(run: LineRun): LineRun | undefined {
    if (this.#exceeded) return undefined;
    const kept = this.#fits(run) ? run : this.#beginningOf(run);
    if (!kept) return undefined;
    this.#bytes += kept.text.length + 1;
    this.#lines += kept.lineCount;
    return kept;
  }

  #fits({ text, lineCount }: LineRun): boolean {
    return this.#bytes + text.length < this.#limits.maxBytes && this.#lines + lineCount <= this.#limits.maxLines;
  }

  #beginningOf({ text, lineCount }: LineRun): LineRun | undefined {
    const roomBytes = this.#limits.maxBytes - this.#bytes;
    const roomLines = Math.min(lineCount, this.#limits.maxLines - this.#lines);
    this.#exceeded = roomLines < lineCount ? "maxLines" : "maxBytes";
    let [end, lines] = [-1, 0];
    while (lines < roomLines) {
      const newline = text.indexOf(NEWLINE, end + 1);
      const next = newline === -1 ? text.length : newline;
      if (next >= roomBytes) {
        this.#exceeded = "maxBytes";
        break;
      }
      [end, lines] = [next, lines + 1];
    }
    return lines === 0 ? undefined : { text: text.subarray(0, end), lineCount: lines, continued: false };
  }
}
