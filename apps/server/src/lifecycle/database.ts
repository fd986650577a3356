import { startPostgres, type EmbeddedPostgres } from "@groundcrew/postgres";
import { sql } from "kysely";
import { join } from "node:path";
import type { Logger } from "pino";
import { connect, type Connection } from "../db/connection.ts";
import { migrate } from "../db/migrate.ts";
import type { ServerSettings } from "../settings.ts";

/** A database that answers and has the schema of this program. */
export interface OpenDatabase extends Connection {
  /** Settles when the embedded Postgres ends without having been asked to. Never with an external one. */
  readonly lost: Promise<string>;
}

/** The oldest major version whose SQL is used: `nulls not distinct` came with it. */
const POSTGRES_MIN_MAJOR = 15;

/** Opens the configured database, or starts the embedded one. Throws an error that says what to do. */
export async function openDatabase(settings: ServerSettings, log: Logger): Promise<OpenDatabase> {
  const embedded = settings.databaseUrl === undefined ? await startEmbedded(settings, log) : undefined;
  const connection = connect(settings.databaseUrl ?? embedded?.url ?? "");
  try {
    await check(connection, settings);
    const applied = await migrate(connection.db);
    if (applied.length > 0) log.info({ migrations: applied }, "migrated the database");
  } catch (error) {
    await connection.close();
    await embedded?.stop();
    throw error;
  }
  return { ...connection, ...lifetime(connection, embedded) };
}

function lifetime(
  connection: Connection,
  embedded: EmbeddedPostgres | undefined,
): Pick<OpenDatabase, "lost" | "close"> {
  let closing = false;
  const lost = new Promise<string>((resolve) => {
    void embedded?.exited.then(({ code, signal }) => {
      if (!closing) resolve(`the embedded Postgres ended with ${signal ?? `code ${code ?? "unknown"}`}`);
    });
  });
  const close = async (): Promise<void> => {
    closing = true;
    await connection.close();
    await embedded?.stop();
  };
  return { lost, close };
}

function startEmbedded({ stateDir }: ServerSettings, log: Logger): Promise<EmbeddedPostgres> {
  return startPostgres({
    dataDir: join(stateDir, "postgres"),
    log: (line) => log.debug({ postgres: line }, "postgres"),
    settings: { max_connections: "50" },
  });
}

async function check({ db }: Connection, { databaseUrl }: ServerSettings): Promise<void> {
  const major = await postgresMajor(db).catch((cause: unknown) => {
    throw new Error(`cannot reach the database${at(databaseUrl)}: ${reasonOf(cause)}; check DATABASE_URL`, { cause });
  });
  if (major >= POSTGRES_MIN_MAJOR) return;
  throw new Error(`the database${at(databaseUrl)} is Postgres ${major}; ${POSTGRES_MIN_MAJOR} or newer is needed`);
}

async function postgresMajor(db: Connection["db"]): Promise<number> {
  const { rows } = await sql<{ version: number }>`select current_setting('server_version_num')::int as version`.execute(
    db,
  );
  return Math.floor((rows[0]?.version ?? 0) / 10_000);
}

/** Where a database is, without its password. */
function at(databaseUrl: string | undefined): string {
  if (databaseUrl === undefined) return "";
  const { hostname, port, pathname } = new URL(databaseUrl);
  return ` at ${hostname}:${port || "5432"}${pathname}`;
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return message || code || String(cause);
}
