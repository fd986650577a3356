/** Counts each job's runs, and tells when all have run. */
export class Delivery {
  readonly #runs = new Map<number, number>();
  readonly #jobs: number;
  readonly #all = Promise.withResolvers<void>();
  #firstMs: number | undefined;

  constructor(jobs: number) {
    this.#jobs = jobs;
  }

  /** Resolves when every job has run. */
  get all(): Promise<void> {
    return this.#all.promise;
  }

  /** Since the first job ran, in seconds. */
  get seconds(): number {
    return (performance.now() - (this.#firstMs ?? Number.NaN)) / 1_000;
  }

  /** Notes that a job ran. */
  ran(job: number): void {
    this.#firstMs ??= performance.now();
    this.#runs.set(job, (this.#runs.get(job) ?? 0) + 1);
    if (this.#runs.size === this.#jobs) this.#all.resolve();
  }

  /** Throws unless each job ran once and none is left. */
  check(left: number): void {
    const twice = [...this.#runs.values()].filter((runs) => runs > 1).length;
    if (twice > 0 || left > 0) throw new Error(`${twice} of ${this.#jobs} jobs ran more than once, ${left} are left`);
  }
}

/** What a job carries: 200 bytes, as much as a small workflow's plan. */
export interface Payload {
  job: number;
  text: string;
}

/** Jobs from 0 up, in batches. */
export function* payloads(jobs: number, batch: number): Generator<Payload[]> {
  const text = "x".repeat(180);
  for (let first = 0; first < jobs; first += batch) {
    yield Array.from({ length: Math.min(batch, jobs - first) }, (_, i) => ({ job: first + i, text }));
  }
}

/** What a peer did. */
export interface PeerResult {
  enqueuedPerS: number;
  drainedPerS: number;
  /** Of its process, per job drained, in milliseconds. */
  cpuMs: number;
}

/** Measures the enqueueing and the draining of jobs. */
export async function measurePeer(jobs: number, enqueue: () => Promise<void>, drain: () => Promise<number>) {
  const started = performance.now();
  await enqueue();
  const enqueued = performance.now();
  const cpu = process.cpuUsage();
  const seconds = await drain();
  const { user, system } = process.cpuUsage(cpu);
  return {
    enqueuedPerS: jobs / ((enqueued - started) / 1_000),
    drainedPerS: jobs / seconds,
    cpuMs: (user + system) / 1_000 / jobs,
  } satisfies PeerResult;
}
