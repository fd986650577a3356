import { Kysely } from "kysely";
import { PostgresJSDialect } from "kysely-postgres-js";
import postgres from "postgres";
import { UnlockedAdapter } from "./migration-lock.ts";
import type { Database } from "./schema.ts";

/** The database: kysely for statements, and the driver beneath it for LISTEN. */
export interface Connection {
  readonly db: Kysely<Database>;
  readonly driver: postgres.Sql;
  readonly close: () => Promise<void>;
}

/** What is between this process and Postgres: nothing, or a pooler that may change the session at each transaction. */
export type Route = "direct" | "pooled";

/**
 * How long Postgres lets a transaction wait for its client, in milliseconds. A replica that is frozen in one holds the
 * rows it locked, and all who want these wait with it.
 */
const IDLE_TRANSACTION_MAX_MS = 10_000;

/** Connects lazily. A statement fails with the driver's error when the database is away; it reconnects by itself. */
export function connect(databaseUrl: string, maxConnections = 10, route: Route = "direct"): Connection {
  const driver = postgres(databaseUrl, {
    max: maxConnections,
    connect_timeout: 10,
    onnotice: () => undefined,
    ...optionsFor(route),
  });
  const db = new Kysely<Database>({ dialect: new Dialect({ postgres: driver }) });
  return {
    db,
    driver,
    async close() {
      // Bounded, unlike the end that kysely asks for: a query that never comes back must not hold the process.
      await driver.end({ timeout: 5 });
      await db.destroy();
    },
  };
}

/** What a connection finds at its other end. */
export interface Server {
  /** Such as 18. */
  readonly major: number;
  readonly route: Route;
}

/**
 * Asks who answers at a URL. A pooler shows by the process that answers: it is not the one that the connection was told
 * of when it was made. Throws the driver's error when nobody answers.
 */
export async function probe(databaseUrl: string): Promise<Server> {
  // By what every pooler lets pass.
  const { driver, close } = connect(databaseUrl, 1, "pooled");
  try {
    const rows = await driver.unsafe<{ version: number; pid: number }[]>(
      "select current_setting('server_version_num')::int as version, pg_backend_pid() as pid",
    );
    const { version = 0, pid } = rows[0] ?? {};
    return { major: Math.floor(version / 10_000), route: rows.state.pid === pid ? "direct" : "pooled" };
  } finally {
    await close();
  }
}

class Dialect extends PostgresJSDialect {
  override createAdapter(): UnlockedAdapter {
    return new UnlockedAdapter();
  }
}

/**
 * A pooler may give each transaction another session: then a statement that was prepared in one is unknown in the next.
 * And it refuses to start with parameters that it cannot carry from one session to the next.
 */
function optionsFor(route: Route) {
  const connection = { application_name: "groundcrew-server", TimeZone: "UTC" };
  if (route === "pooled") return { prepare: false, connection };
  return {
    connection: {
      ...connection,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_MAX_MS,
      // A statement's plan is kept from when its tables were empty, and reading such a table whole was cheapest then. On
      // a new database that plan stays until the first ANALYZE, while the tables grow under it.
      enable_seqscan: "off",
    },
  };
}
