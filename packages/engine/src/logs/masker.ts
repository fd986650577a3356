import { Automaton } from "./automaton.ts";
import { secretForms } from "./secret-forms.ts";

/** What stands for a secret, however long it is. */
export const MASK = "***";

const MARK = Buffer.from(MASK);

/** Covers secrets in any number of outputs. */
export class Masker {
  readonly #automaton: Automaton;

  private constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  /**
   * Looks for these secrets, in every form of `secretForms`. Undefined when there is nothing to look for: then nothing
   * needs to pass through it.
   */
  static of(secrets: readonly string[]): Masker | undefined {
    const forms = secretForms(secrets);
    return forms.length === 0 ? undefined : new Masker(new Automaton(forms));
  }

  /** A masker of one output, which comes in chunks. */
  open(): MaskedOutput {
    return new MaskedOutput(this.#automaton);
  }

  /** Masks a whole text. */
  mask(text: Uint8Array): Uint8Array {
    const output = this.open();
    return Buffer.concat([output.push(text), output.end()]);
  }
}

/** Bytes that secrets cover, without a gap. */
interface Cover {
  start: number;
  end: number;
  /** Its mark was given out; the bytes that are left are only to be left out. */
  isMarked: boolean;
}

/**
 * One output with its secrets covered: every byte that belongs to any of them goes, and each unbroken run of such bytes
 * becomes one mark, wherever the chunks are cut.
 */
export class MaskedOutput {
  readonly #automaton: Automaton;
  #state = 0;
  // The end of what was pushed, as long as it may be the beginning of a secret, and what is known to be covered of it.
  #held: Uint8Array = new Uint8Array(0);
  #covers: Cover[] = [];

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  /** What can be given out after this chunk. It may share memory with it. */
  push(chunk: Uint8Array): Uint8Array {
    const heldBytes = this.#held.length;
    const bytes = heldBytes === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#state = this.#automaton.scan(bytes, heldBytes, this.#state, (end, length) => this.#cover(end - length, end));
    return this.#release(bytes, bytes.length - this.#automaton.depthOf(this.#state));
  }

  /** The rest. */
  end(): Uint8Array {
    this.#state = 0;
    return this.#release(this.#held, this.#held.length);
  }

  #cover(start: number, end: number): void {
    const cover: Cover = { start, end, isMarked: false };
    for (let last = this.#covers.at(-1); last && last.end >= start; last = this.#covers.at(-1)) {
      cover.start = Math.min(cover.start, last.start);
      cover.isMarked = last.isMarked;
      this.#covers.pop();
    }
    this.#covers.push(cover);
  }

  /** Gives out what comes before `end`, where the next secret may start, and holds the rest. */
  #release(bytes: Uint8Array, end: number): Uint8Array {
    const covers = this.#covers;
    this.#covers = covers.filter((cover) => cover.end >= end).map((cover) => laterPart(cover, end));
    // Copied: the chunk is only lent.
    this.#held = new Uint8Array(bytes.subarray(end));
    const due = covers.filter(({ start, isMarked }) => isMarked || start < end);
    return due.length === 0 ? bytes.subarray(0, end) : masked(bytes.subarray(0, end), due);
  }
}

/** What is left of a cover when the bytes before `end` are given out. */
function laterPart({ start, end: coverEnd, isMarked }: Cover, end: number): Cover {
  return { start: Math.max(0, start - end), end: coverEnd - end, isMarked: isMarked || start < end };
}

function masked(bytes: Uint8Array, covers: readonly Cover[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const { start, end, isMarked } of covers) {
    pieces.push(bytes.subarray(from, start), isMarked ? bytes.subarray(0, 0) : MARK);
    from = end;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
}
