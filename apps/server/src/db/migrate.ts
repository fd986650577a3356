import type { Kysely } from "kysely";
import { Migrator, type MigrationProvider } from "kysely/migration";
import { lockMigrations } from "./migration-lock.ts";
import { foundation } from "./migrations/0001-foundation.ts";
import { queue } from "./migrations/0002-queue.ts";
import { triggers } from "./migrations/0003-triggers.ts";
import { logs } from "./migrations/0004-logs.ts";
import { secrets } from "./migrations/0005-secrets.ts";
import { files } from "./migrations/0006-files.ts";
import { fleet } from "./migrations/0007-fleet.ts";
import { logChecksum } from "./migrations/0008-log-checksum.ts";
import { outputs } from "./migrations/0008-outputs.ts";
import { eventKey } from "./migrations/0009-event-key.ts";
import { secretAudit } from "./migrations/0010-secret-audit.ts";
import { vettingHolds } from "./migrations/0020-vetting-holds.ts";
import { vettedFleet } from "./migrations/0030-vetted-fleet.ts";
import { reflectors } from "./migrations/0050-reflectors.ts";
import { attestation } from "./migrations/0070-attestation.ts";
import type { Database } from "./schema.ts";

/** Every migration there is, in order. Forward only: a mistake is mended by the next one. */
const MIGRATIONS = {
  "0001-foundation": { up: foundation },
  "0002-queue": { up: queue },
  "0003-triggers": { up: triggers },
  "0004-logs": { up: logs },
  "0005-secrets": { up: secrets },
  "0006-files": { up: files },
  "0007-fleet": { up: fleet },
  "0008-log-checksum": { up: logChecksum },
  "0008-outputs": { up: outputs },
  "0009-event-key": { up: eventKey },
  "0010-secret-audit": { up: secretAudit },
  "0020-vetting-holds": { up: vettingHolds },
  "0030-vetted-fleet": { up: vettedFleet },
  "0050-reflectors": { up: reflectors },
  "0070-attestation": { up: attestation },
};

const provider: MigrationProvider = { getMigrations: () => Promise.resolve(MIGRATIONS) };

/**
 * Brings the schema up to date, under an advisory lock so that replicas may start together. Returns the names of the
 * migrations it ran. Throws when one fails, or when the database is newer than this program.
 */
export async function migrate(db: Kysely<Database>): Promise<string[]> {
  return db.transaction().execute(async (tx) => {
    await lockMigrations(tx);
    const { error, results } = await new Migrator({ db: tx, provider }).migrateToLatest();
    if (error) throw new Error(`cannot migrate the database: ${explain(error)}`, { cause: error });
    return (results ?? []).map(({ migrationName }) => migrationName);
  });
}

function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.includes("previously executed migration")
    ? `it was migrated by a newer version of the server (${text}); run that version, or use another database`
    : text;
}
