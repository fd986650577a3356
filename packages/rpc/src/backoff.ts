/** How {@link backoffDelays} grows. */
export interface BackoffOptions {
  /** The first ceiling, in milliseconds. */
  minMs: number;
  /** The last ceiling, in milliseconds. */
  maxMs: number;
  /** A number in [0, 1). Default: Math.random. */
  random?: () => number;
}

/**
 * Endless delays in milliseconds with jitter: each is drawn from the upper half of a ceiling that doubles up to
 * `maxMs`, so that many callers spread out and none spins.
 */
export function* backoffDelays({ minMs, maxMs, random = Math.random }: BackoffOptions): Generator<number, never> {
  for (let ceiling = minMs; ; ceiling = Math.min(ceiling * 2, maxMs)) {
    yield ceiling / 2 + (random() * ceiling) / 2;
  }
}

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(asError(signal.reason));
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(asError(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
