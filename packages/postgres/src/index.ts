export { PostgresError } from "./postgres-error.ts";
export type { PostgresErrorCode } from "./postgres-error.ts";
export { startPostgres } from "./start-postgres.ts";
export type { EmbeddedPostgres, StartOptions } from "./start-postgres.ts";
export type { Exit } from "./postmaster.ts";
