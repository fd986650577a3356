import { freshDatabase } from "@groundcrew/testkit";
import { sql } from "kysely";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { pino } from "pino";
import type { Intervals, ServerContext } from "../context.ts";
import { connect, type Connection } from "../db/connection.ts";
import { Hints } from "../db/hints.ts";
import { migrate } from "../db/migrate.ts";
import { FairTurns } from "../queue/fair-turns.ts";
import { KeyRing, keyOf } from "../secrets/key-ring.ts";
import { openStores } from "./stores.ts";

/** A server's context on an empty database and an object store of its own. */
export async function testContext(t: TestContext, intervals: Partial<Intervals> = {}): Promise<ServerContext> {
  const database = idle.pop() ?? (await openDatabase());
  const { db, driver } = database;
  const hints = new Hints(driver);
  await hints.start();
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-blobs-"));
  const stopping = new AbortController();
  t.after(async () => {
    stopping.abort();
    await hints.stop();
    await rm(folder, { recursive: true, force: true });
    await wipe(database);
    idle.push(database);
  });
  return {
    db,
    hints,
    ...(await openStores(folder)),
    log: pino({ level: "silent" }),
    keys: new KeyRing([keyOf(Buffer.alloc(32, "k"))]),
    intervals: { leaseTtlMs: 60_000, healthIntervalMs: 10_000, pollHoldMs: 50_000, logIntervalMs: 200, ...intervals },
    machines: { approval: "enrolled", firstSight: undefined },
    stopping: stopping.signal,
    agentUrl: undefined,
    fingerprint: "",
    replica: "test",
    turns: new FairTurns(),
  };
}

/** Databases of this file that no test uses now: emptying one is much quicker than making one. */
const idle: Connection[] = [];
const opened: Connection[] = [];

after(async () => {
  for (const { close } of opened) await close();
});

async function openDatabase(): Promise<Connection> {
  const database = connect(await freshDatabase({ prepare }), 5);
  opened.push(database);
  // The template that it was copied from may be minutes old.
  await sql`update liveness set alive_at = now(), up_since = now()`.execute(database.db);
  return database;
}

async function prepare(url: string): Promise<void> {
  const { db, close } = connect(url, 1);
  await migrate(db);
  await close();
}

/** Makes a database as it was after its migrations: no rows, sequences at their start. */
async function wipe({ db }: Connection): Promise<void> {
  await sql`
    do $$
    declare each record;
    begin
      set local session_replication_role = replica;
      for each in select tablename as name from pg_tables where schemaname = 'public' and tablename !~ '^(kysely|log_chunks_)' loop
        execute format('delete from %I', each.name);
      end loop;
      for each in select sequencename as name from pg_sequences where schemaname = 'public' loop
        execute format('alter sequence %I restart', each.name);
      end loop;
      insert into liveness default values;
      insert into maintenance default values;
    end $$`.execute(db);
}
