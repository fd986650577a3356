import type { SensorSample } from "@groundcrew/vetting";

/** Readings that wait for the server, the oldest first. Never more than a bound: then the older half is thinned. */
export class SampleSpool {
  readonly #maxSamples: number;
  #ticks: SensorSample[][] = [];
  #size = 0;
  #thinned = 0;

  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  /** How many readings it holds. */
  get size(): number {
    return this.#size;
  }

  /** How many readings were let go so far. */
  get thinned(): number {
    return this.#thinned;
  }

  /** Takes what was read at one moment. True: it had to let older readings go. */
  add(samples: SensorSample[]): boolean {
    if (samples.length === 0) return false;
    this.#ticks.push(samples);
    this.#size += samples.length;
    const before = this.#thinned;
    while (this.#size > this.#maxSamples && this.#ticks.length > 1) this.#thin();
    return this.#thinned > before;
  }

  /** Takes the oldest moments out, about `count` readings of them and at least one moment's. */
  take(count: number): SensorSample[] {
    const taken = this.#ticks.splice(0, 1).flat();
    while (taken.length + (this.#ticks[0]?.length ?? Infinity) <= count) taken.push(...(this.#ticks.shift() ?? []));
    this.#size -= taken.length;
    return taken;
  }

  /** Lets every second moment of the older half go: a long outage costs resolution, not its beginning or its end. */
  #thin(): void {
    const half = Math.ceil(this.#ticks.length / 2);
    const left = this.#ticks.filter((_, index) => index > half || index % 2 === 1);
    const size = left.reduce((sum, tick) => sum + tick.length, 0);
    this.#thinned += this.#size - size;
    [this.#ticks, this.#size] = [left, size];
  }
}
