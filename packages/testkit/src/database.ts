import { startPostgres, type EmbeddedPostgres } from "@groundcrew/postgres";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import postgres from "postgres";

/** Names a running cluster to the test files: set by the suite's global set-up. */
const CLUSTER_URL = "GROUNDCREW_TEST_CLUSTER_URL";

/** Names the migrated database to clone in that cluster. */
const TEMPLATE = "GROUNDCREW_TEST_TEMPLATE";

/** How to make a database for a test. */
export interface FreshDatabaseOptions {
  /** Fills an empty database when there is no template to clone: a test file run by itself. */
  prepare: (url: string) => Promise<void>;
}

/**
 * A database of its own, with the schema in it: a clone of the suite's template, or one prepared on a cluster that
 * this file starts. Gone at the end of the file, whoever is still connected. Returns its URL.
 */
export async function freshDatabase({ prepare }: FreshDatabaseOptions): Promise<string> {
  const clusterUrl = process.env[CLUSTER_URL] ?? (await ownCluster()).url;
  const template = process.env[TEMPLATE];
  const name = `t_${randomBytes(8).toString("hex")}`;
  const from = template ?? "template1";
  // Copying the files takes a third of the time that going through the log does.
  await administer(clusterUrl, (sql) => sql.unsafe(`create database ${name} template ${from} strategy file_copy`));
  made.push(name);
  const url = withDatabase(clusterUrl, name);
  if (template === undefined) await prepare(url);
  return url;
}

/**
 * For the suite's global set-up: starts a throw-away cluster with a database that `prepare` fills, and names both to
 * the test files through the environment. Returns how to stop it.
 */
export async function useCluster({ prepare }: FreshDatabaseOptions): Promise<() => Promise<void>> {
  const cluster = await startThrowAway();
  const template = "groundcrew_template";
  try {
    await administer(cluster.url, (sql) => sql.unsafe(`create database ${template}`));
    await prepare(withDatabase(cluster.url, template));
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  process.env[CLUSTER_URL] = cluster.url;
  process.env[TEMPLATE] = template;
  return cluster.stop;
}

interface ThrowAway {
  url: string;
  stop: () => Promise<void>;
}

let own: Promise<ThrowAway> | undefined;

function ownCluster(): Promise<ThrowAway> {
  own ??= startThrowAway();
  return own;
}

/** The databases that this file made. */
const made: string[] = [];

after(async () => {
  if (own) return (await own).stop();
  const clusterUrl = process.env[CLUSTER_URL];
  if (clusterUrl === undefined) return;
  await administer(clusterUrl, async (sql) => {
    for (const name of made) await sql.unsafe(`drop database ${name} with (force)`);
  });
});

async function startThrowAway(): Promise<ThrowAway> {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-pg-"));
  // Run by root, Postgres is another user, who must be able to pass through to its own folder.
  await chmod(folder, 0o711);
  const cluster: EmbeddedPostgres = await startPostgres({
    dataDir: join(folder, "data"),
    // Nothing here must survive a crash of the machine; what must survive a crash of a process does without these.
    // Nor does anything live long enough to be vacuumed.
    settings: { fsync: "off", full_page_writes: "off", max_connections: "200", autovacuum: "off" },
  });
  return {
    url: cluster.url,
    async stop() {
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function administer(clusterUrl: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(clusterUrl, { max: 1, onnotice: () => undefined });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}

function withDatabase(clusterUrl: string, name: string): string {
  const url = new URL(clusterUrl);
  url.pathname = `/${name}`;
  return url.href;
}
