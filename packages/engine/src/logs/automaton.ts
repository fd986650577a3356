/**
 * Finds all of many byte strings in one pass (Aho and Corasick, "Efficient string matching", 1975). A state is a place
 * in the tree of all strings: what was read last is the longest beginning of any of them. Takes about 20 bytes of
 * memory for each byte of the strings.
 */
export class Automaton {
  readonly #root = new Int32Array(256);
  readonly #byte: Uint8Array;
  readonly #firstChild: Int32Array;
  readonly #nextSibling: Int32Array;
  // Where to go on when no child has the next byte: the longest other beginning that was read as well.
  readonly #fallback: Int32Array;
  readonly #depth: Int32Array;
  // The longest string that ends in this state, in bytes; 0 for none.
  readonly #match: Int32Array;
  #states = 1;

  /** Throws for an empty string, which would be everywhere. */
  constructor(strings: readonly Uint8Array[]) {
    const most = strings.reduce((sum, { length }) => sum + length, 1);
    this.#byte = new Uint8Array(most);
    this.#firstChild = new Int32Array(most);
    this.#nextSibling = new Int32Array(most);
    this.#fallback = new Int32Array(most);
    this.#depth = new Int32Array(most);
    this.#match = new Int32Array(most);
    for (const string of strings) this.#add(string);
    this.#link();
  }

  /** How many of the bytes read last are the beginning of a string. */
  depthOf(state: number): number {
    return this.#depth[state] ?? 0;
  }

  /**
   * Reads on from `from` in a state, 0 at first. Calls `found` wherever a string ends, with that place and the length
   * of the longest one that ends there. Returns the state at the end.
   */
  scan(bytes: Uint8Array, from: number, state: number, found: (end: number, length: number) => void): number {
    const match = this.#match;
    const root = this.#root;
    let current = state;
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      current = current === 0 ? (root[byte] as number) : this.#next(current, byte);
      const length = match[current] as number;
      if (length > 0) found(at + 1, length);
    }
    return current;
  }

  #next(state: number, byte: number): number {
    for (let at = state; at !== 0; at = this.#fallback[at] as number) {
      const child = this.#childOf(at, byte);
      if (child !== 0) return child;
    }
    return this.#root[byte] as number;
  }

  #childOf(state: number, byte: number): number {
    let child = this.#firstChild[state] as number;
    while (child !== 0 && this.#byte[child] !== byte) child = this.#nextSibling[child] as number;
    return child;
  }

  #add(string: Uint8Array): void {
    if (string.length === 0) throw new Error("an empty string is everywhere");
    let state = 0;
    for (const byte of string) state = this.#childOf(state, byte) || this.#newChild(state, byte);
    this.#match[state] = string.length;
  }

  #newChild(state: number, byte: number): number {
    const child = this.#states++;
    this.#byte[child] = byte;
    this.#depth[child] = this.depthOf(state) + 1;
    this.#nextSibling[child] = this.#firstChild[state] ?? 0;
    this.#firstChild[state] = child;
    if (state === 0) this.#root[byte] = child;
    return child;
  }

  // Breadth first: a fallback is always less deep, and so is linked already.
  #link(): void {
    const queue = this.#childrenOf(0);
    for (const state of queue) {
      const fallback = this.#fallback[state] ?? 0;
      this.#match[state] ||= this.#match[fallback] ?? 0;
      for (const child of this.#childrenOf(state)) {
        this.#fallback[child] = this.#next(fallback, this.#byte[child] ?? 0);
        queue.push(child);
      }
    }
  }

  #childrenOf(state: number): number[] {
    const children: number[] = [];
    for (let child = this.#firstChild[state] ?? 0; child !== 0; child = this.#nextSibling[child] ?? 0) {
      children.push(child);
    }
    return children;
  }
}
