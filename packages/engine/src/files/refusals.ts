/** A line for the step's log, by Groundcrew itself. */
export type Note = (line: string) => Promise<void> | void;

const MAX_NOTES = 20;

/** Notes about single files: the first few are told, the others counted. */
export class Refusals {
  readonly #note: Note;
  #count = 0;

  constructor(note: Note) {
    this.#note = note;
  }

  async add(line: string): Promise<void> {
    this.#count += 1;
    if (this.#count <= MAX_NOTES) await this.#note(line);
  }

  /** Tells how many were not told. */
  async end(): Promise<void> {
    if (this.#count > MAX_NOTES) await this.#note(`and ${this.#count - MAX_NOTES} more such files`);
  }
}
