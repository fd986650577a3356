import { EventEmitter } from "node:events";

/** What a fleet was granted and what of it was durably completed. */
export class Ledger extends EventEmitter<{ granted: [id: string]; ended: [] }> {
  /** How often each workflow was granted and completed, by its id: ids count up from 1. */
  #grants = new Uint8Array(1 << 16);
  #ends = new Uint8Array(1 << 16);
  granted = 0;
  ended = 0;
  /** Grants and ends of a workflow beyond its first. */
  twice = 0;
  #failure: unknown;

  /** How long each poll that brought work took, in milliseconds. Only while somebody wants to know. */
  answersMs: number[] | undefined;

  /** Notes that a poll brought work, and after how many milliseconds. */
  answered(ms: number): void {
    this.answersMs?.push(ms);
  }

  /** Notes a grant. */
  grant(id: string): void {
    this.granted++;
    this.#grants = this.#count(this.#grants, Number(id));
    this.emit("granted", id);
  }

  /** Notes that the server acknowledged the end of a workflow. */
  end(id: string): void {
    this.ended++;
    this.#ends = this.#count(this.#ends, Number(id));
    this.emit("ended");
  }

  /** Notes what went wrong; the first such thing counts. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.emit("ended");
  }

  /** Resolves once this many workflows were granted, or have ended. Rejects with what went wrong. */
  async until(what: "granted" | "ended", count: number): Promise<void> {
    for (; this[what] < count; this.check()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => resolve();
      this.once("granted", look).once("ended", look);
      await promise;
      this.off("granted", look).off("ended", look);
    }
  }

  /** Throws what went wrong, if anything did. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #count(counts: Uint8Array<ArrayBuffer>, id: number): Uint8Array<ArrayBuffer> {
    const roomy = id < counts.length ? counts : grown(counts, id);
    if (roomy[id] !== 0) this.twice++;
    roomy[id] = 1;
    return roomy;
  }
}

function grown(counts: Uint8Array<ArrayBuffer>, id: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(counts.length * 2, id + 1));
  larger.set(counts);
  return larger;
}
