import { backoffDelays, delay, isRetryable } from "@groundcrew/rpc";

/** How to follow a stream across broken connections. */
export interface FollowOptions<T> {
  /** Opens the stream, from where the reader stands. */
  open: (signal: AbortSignal) => AsyncIterable<T>;
  /** Whether a stream that closed in good order has said everything. Default: yes. */
  complete?: () => boolean;
  /** Ends it: the iteration throws. */
  signal: AbortSignal;
  /** Told once when the connection is lost, and once when it is back. */
  onConnection?: (state: { lost: true; error: unknown } | { lost: false }) => void;
  /** Give up after this long without the server, in milliseconds. Default: ten minutes. */
  giveUpAfterMs?: number;
  /** Between tries, in milliseconds: the first wait, and the longest. Default: 200 and 5,000. */
  backoffMs?: { min: number; max: number };
  /** Milliseconds of a clock. Default: Date.now. */
  now?: () => number;
}

const TEN_MINUTES_MS = 600_000;

/**
 * Yields what a stream says and opens it again when the connection breaks. A first try that fails throws at once, so
 * that a wrong address is told at once; so does any error that trying again cannot mend.
 */
export async function* follow<T>(options: FollowOptions<T>): AsyncGenerator<T> {
  const { signal, now = Date.now, giveUpAfterMs = TEN_MINUTES_MS } = options;
  const { min, max } = options.backoffMs ?? { min: 200, max: 5_000 };
  const newDelays = (): Generator<number, never> => backoffDelays({ minMs: min, maxMs: max });
  let delays = newDelays();
  let lostSinceMs: number | undefined;
  let reached = false;
  for (;;) {
    try {
      for await (const item of options.open(signal)) {
        if (lostSinceMs !== undefined) options.onConnection?.({ lost: false });
        [reached, lostSinceMs, delays] = [true, undefined, newDelays()];
        yield item;
      }
      if (options.complete?.() ?? true) return;
    } catch (error) {
      if (signal.aborted || !reached || !isRetryable(error)) throw error;
      if (lostSinceMs === undefined) options.onConnection?.({ lost: true, error });
      lostSinceMs ??= now();
      if (now() - lostSinceMs > giveUpAfterMs) throw error;
    }
    await delay(delays.next().value, signal);
  }
}
