/** How much of a step run's log is kept. */
export interface LogLimits {
  /** In bytes of text, newlines included. Default 1 GiB. */
  maxBytes: number;
  /** Default 20,000,000. */
  maxLines: number;
}

/** What holds where nothing else is set. */
export const DEFAULT_LOG_LIMITS: LogLimits = { maxBytes: 2 ** 30, maxLines: 20_000_000 };
