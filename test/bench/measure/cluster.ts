import { startPostgres } from "@groundcrew/postgres";
import { atEnd, temporaryFolder, type Owner } from "@groundcrew/testkit/processes";
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { join } from "node:path";
import postgres from "postgres";
import { readStat } from "./proc.ts";

/** The one Postgres that all systems are measured on. */
export interface Cluster {
  /** As the superuser. */
  readonly admin: postgres.Sql;
  /** Each line that Postgres logs, as "line". */
  readonly log: EventEmitter<{ line: [string] }>;
  /** The process id of its first process. */
  readonly pid: number;
  /** Makes an empty database, dropped at the owner's end. Returns its URL. */
  database(owner: Owner): Promise<string>;
}

/** What differs from the defaults of Postgres; all that makes a commit durable is as it comes. */
const SETTINGS = {
  // Three replicas and two peers hold their own connections.
  max_connections: "200",
  // Tells when a submit was committed, for dispatch_ms.
  track_commit_timestamp: "on",
};

/** Starts a Postgres of the benchmarks' own. It ends with its owner. */
export async function startCluster(owner: Owner): Promise<Cluster> {
  const folder = await temporaryFolder(owner, "bench");
  const log: Cluster["log"] = new EventEmitter();
  const server = await startPostgres({
    dataDir: join(folder, "data"),
    settings: SETTINGS,
    log: (line) => log.emit("line", line),
  });
  atEnd(owner, () => server.stop());
  const admin = connectTo(owner, server.url);
  return { admin, log, pid: await postmasterOf(admin), database: (user) => makeDatabase(user, admin, server.url) };
}

/** A connection of the benchmarks' own, beside those that are measured. Closed at the owner's end. */
export function connectTo(owner: Owner, url: string): postgres.Sql {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  atEnd(owner, () => sql.end());
  return sql;
}

async function makeDatabase(owner: Owner, admin: postgres.Sql, url: string): Promise<string> {
  const name = `bench_${randomBytes(6).toString("hex")}`;
  await admin.unsafe(`create database ${name}`);
  atEnd(owner, async () => void (await admin.unsafe(`drop database ${name} with (force)`)));
  const its = new URL(url);
  its.pathname = `/${name}`;
  return its.href;
}

async function postmasterOf(admin: postgres.Sql): Promise<number> {
  const [row] = await admin<{ pid: number }[]>`select pg_backend_pid() as pid`;
  if (!row) throw new Error("Postgres did not name its process");
  return (await readStat(row.pid)).parent;
}
