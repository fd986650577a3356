/** How long to wait, and what ends the wait early. */
export interface UntilOptions {
  /** Ends the wait with a rejection: the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Ends the wait with `false`, in milliseconds. Default: never. */
  timeoutMs?: number | undefined;
}

/**
 * Lets tasks wait until something they can test has become true. Whoever changes what is tested calls `notify()`.
 * Waiting costs no timer unless a timeout is asked for.
 */
export class Condition {
  readonly #waiters = new Set<() => void>();

  /** Tells all that wait to test again. */
  notify(): void {
    for (const check of this.#waiters) check();
  }

  /** Resolves `true` once `test()` holds, `false` at the timeout; rejects with the signal's reason. */
  until(test: () => boolean, options: UntilOptions = {}): Promise<boolean> {
    const { signal, timeoutMs } = options;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const check = () => {
      if (signal?.aborted) reject(signal.reason);
      else if (test()) resolve(true);
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => resolve(false), timeoutMs);
    signal?.addEventListener("abort", check);
    this.#waiters.add(check);
    check();
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", check);
      this.#waiters.delete(check);
    });
  }
}
