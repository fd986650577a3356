import { Kysely } from "kysely";
import { PostgresJSDialect } from "kysely-postgres-js";
import postgres from "postgres";
import type { Database } from "./schema.ts";

/** The database: kysely for statements, and the driver beneath it for LISTEN. */
export interface Connection {
  readonly db: Kysely<Database>;
  readonly driver: postgres.Sql;
  readonly close: () => Promise<void>;
}

/** Connects lazily. A statement fails with the driver's error when the database is away; it reconnects by itself. */
export function connect(databaseUrl: string, maxConnections = 10): Connection {
  const driver = postgres(databaseUrl, {
    max: maxConnections,
    connect_timeout: 10,
    onnotice: () => undefined,
    connection: { application_name: "groundcrew-server", TimeZone: "UTC" },
  });
  const db = new Kysely<Database>({ dialect: new PostgresJSDialect({ postgres: driver }) });
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
