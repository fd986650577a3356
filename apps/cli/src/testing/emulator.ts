import type { Terminal } from "../terminal/screen.ts";

/** A terminal in memory: it obeys what the screen writes, and wraps lines as a real one does. */
export class Emulator implements Terminal {
  width: number;
  cursorShown = true;
  #lines: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(width: number) {
    this.width = width;
  }

  columns(): number {
    return this.width;
  }

  /** What stands on it, without empty lines at the end. */
  get lines(): string[] {
    const lines = this.#lines.map((line) => line.trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  write(text: string): void {
    for (const [token] of text.matchAll(/\p{Cc}\[[?0-9;]*[A-Za-z]|[^]/gu)) this.#obey(token);
  }

  #obey(token: string): void {
    if (token === "\n") this.#move(this.#row + 1, 0);
    else if (token === "\r") this.#column = 0;
    else if (!token.startsWith("\x1b")) this.#put(token);
    else if (token.endsWith("A")) this.#move(Math.max(0, this.#row - Number(token.slice(2, -1))), this.#column);
    else if (token === "\x1b[K") this.#set(this.#line.slice(0, this.#column));
    else if (token === "\x1b[J") this.#clearBelow();
    else if (token.startsWith("\x1b[?25")) this.cursorShown = token.endsWith("h");
  }

  get #line(): string {
    return this.#lines[this.#row] ?? "";
  }

  #set(line: string): void {
    this.#lines[this.#row] = line;
  }

  #put(character: string): void {
    if (this.#column >= this.width) this.#move(this.#row + 1, 0);
    const line = this.#line.padEnd(this.#column);
    this.#set(line.slice(0, this.#column) + character + line.slice(this.#column + 1));
    this.#column += 1;
  }

  #move(row: number, column: number): void {
    while (this.#lines.length <= row) this.#lines.push("");
    this.#row = row;
    this.#column = column;
  }

  #clearBelow(): void {
    this.#set(this.#line.slice(0, this.#column));
    this.#lines.length = this.#row + 1;
  }
}
