import type { Position } from "./problem.ts";

/** Tells the position of any offset of a text. The library's own counter misses lines after some syntax errors. */
export class Lines {
  /** The offset where each line starts. */
  readonly #starts: number[] = [0];
  readonly #path: string;

  constructor(path: string, text: string) {
    this.#path = path;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) this.#starts.push(end + 1);
  }

  /** The line and column of an offset, both counted from 1. */
  at(offset: number): Position {
    let [low, high] = [0, this.#starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#startOf(middle) <= offset) low = middle;
      else high = middle;
    }
    return { path: this.#path, line: low + 1, column: offset - this.#startOf(low) + 1 };
  }

  #startOf(line: number): number {
    return this.#starts[line] ?? 0;
  }
}
