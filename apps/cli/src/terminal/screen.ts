import { displayWidth } from "./width.ts";

/** The terminal a screen draws on. */
export interface Terminal {
  write(text: string): void;
  /** Columns, now: it changes when the window does. */
  columns(): number;
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_TO_END_OF_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
// Synchronized output: terminals that know it show the frame at once, others ignore it.
const BEGIN_FRAME = "\x1b[?2026h";
const END_FRAME = "\x1b[?2026l";

/** A block of lines at the bottom of a terminal that is redrawn in place. Lines must not be wider than the terminal. */
export class Screen {
  readonly #terminal: Terminal;
  #drawn: string[] = [];
  #hidden = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Replaces what was drawn before by `lines`. */
  draw(lines: string[]): void {
    if (!this.#hidden) this.#terminal.write(HIDE_CURSOR);
    this.#hidden = true;
    const body = lines.map((line) => `${line}${CLEAR_TO_END_OF_LINE}\n`).join("");
    this.#terminal.write(BEGIN_FRAME + this.#home() + body + CLEAR_BELOW + END_FRAME);
    this.#drawn = lines;
  }

  /** Ends drawing: `lines` replace the last frame for good, or the last frame stays. The cursor comes back. Idempotent. */
  close(lines?: string[]): void {
    if (lines) this.draw(lines);
    this.#drawn = [];
    if (this.#hidden) this.#terminal.write(SHOW_CURSOR);
    this.#hidden = false;
  }

  // A window that became narrower has wrapped what was drawn: count the rows as they are now.
  #home(): string {
    const columns = Math.max(1, this.#terminal.columns());
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / columns)), 0);
    return rows === 0 ? "\r" : `\r\x1b[${rows}A`;
  }
}
