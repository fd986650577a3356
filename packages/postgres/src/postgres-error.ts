/**
 * Why Postgres does not run.
 * - `unsupported_platform`: no binaries for this system are installed with the program.
 * - `no_account`: running as root, and the user `postgres` is missing and could not be created.
 * - `closed_directory`: a directory on the way to the data is closed, to us or to the user that Postgres runs as.
 * - `not_a_data_directory`: something else is there, or a part of the cluster is missing.
 * - `wrong_version`, `wrong_owner`: a data directory of another major version, or of another user.
 * - `locked`: another process runs a Postgres on this data directory.
 * - `init_failed`, `start_failed`: initdb or the server itself failed; the message ends with what it said last.
 */
export type PostgresErrorCode =
  | "unsupported_platform"
  | "no_account"
  | "closed_directory"
  | "not_a_data_directory"
  | "wrong_version"
  | "wrong_owner"
  | "locked"
  | "init_failed"
  | "start_failed";

/** Postgres cannot run; the message says why and what to do. */
export class PostgresError extends Error {
  override readonly name = "PostgresError";
  readonly code: PostgresErrorCode;

  constructor(code: PostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
