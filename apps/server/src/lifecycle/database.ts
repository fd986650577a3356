import { startPostgres, type EmbeddedPostgres } from "@groundcrew/postgres";
import { join } from "node:path";
import type { Logger } from "pino";
import { connect, probe, type Connection, type Route } from "../db/connection.ts";
import { migrate } from "../db/migrate.ts";
import type { ServerSettings } from "../settings.ts";

/** A database that answers and has the schema of this program. */
export interface OpenDatabase extends Connection {
  readonly route: Route;
  /** Settles when the embedded Postgres ends without having been asked to. Never with an external one. */
  readonly lost: Promise<string>;
}

/** The oldest major version whose SQL is used: `nulls not distinct` came with it. */
const POSTGRES_MIN_MAJOR = 15;

/** Opens the configured database, or starts the embedded one. Throws an error that says what to do. */
export async function openDatabase(settings: ServerSettings, log: Logger): Promise<OpenDatabase> {
  const embedded = settings.databaseUrl === undefined ? await startEmbedded(settings, log) : undefined;
  try {
    const url = settings.databaseUrl ?? embedded?.url ?? "";
    const route = await check(url, settings);
    if (route === "pooled") log.info("the database is behind a pooler: statements are not prepared");
    const connection = await openMigrated(url, route, log);
    return { ...connection, route, ...lifetime(connection, embedded) };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

async function openMigrated(url: string, route: Route, log: Logger): Promise<Connection> {
  const connection = connect(url, undefined, route);
  try {
    const applied = await migrate(connection.db);
    if (applied.length > 0) log.info({ migrations: applied }, "migrated the database");
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
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

/** Checks that the database answers and is new enough. Returns how it is reached. */
async function check(url: string, { databaseUrl }: ServerSettings): Promise<Route> {
  const { major, route } = await probe(url).catch((cause: unknown) => {
    throw new Error(`cannot reach the database${at(databaseUrl)}: ${reasonOf(cause)}; check DATABASE_URL`, { cause });
  });
  if (major >= POSTGRES_MIN_MAJOR) return route;
  throw new Error(`the database${at(databaseUrl)} is Postgres ${major}; ${POSTGRES_MIN_MAJOR} or newer is needed`);
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
