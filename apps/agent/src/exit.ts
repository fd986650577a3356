/** What the agent's exit code means to whoever supervises it. */
export const ExitCode = {
  /** Drained as asked. */
  DRAINED: 0,
  /** A fault; starting again may help. */
  FAULT: 1,
  /** A setting or the state directory is not acceptable. */
  BAD_SETTINGS: 2,
  /** Superseded, terminated, or its credential was refused: do not start again. */
  REFUSED: 3,
  /** No protocol version is common with the server. */
  PROTOCOL_MISMATCH: 4,
} as const;

/** One of `ExitCode`. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Ends the agent with an exit code. The message says what failed, why, and what to do next. */
export class FatalError extends Error {
  override readonly name = "FatalError";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
