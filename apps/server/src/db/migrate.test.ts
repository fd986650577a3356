import { freshDatabase } from "@groundcrew/testkit";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "./connection.ts";
import { migrate } from "./migrate.ts";

test("replicas that start together on an empty database migrate it once, and keep no lock", async (t) => {
  const url = await freshDatabase({ prepare: () => Promise.resolve() });
  const first = connect(url, 1);
  const replicas = [first, ...Array.from({ length: 3 }, () => connect(url, 1))];
  t.after(() => Promise.all(replicas.map(({ close }) => close())));
  // The suite's databases are migrated already.
  await sql`drop schema public cascade`.execute(first.db);
  await sql`create schema public`.execute(first.db);
  const applied = await Promise.all(replicas.map(({ db }) => migrate(db)));
  const [all = [], ...others] = applied.toSorted((a, b) => b.length - a.length);
  assert.equal(all[0], "0001-foundation");
  assert.deepEqual(others, [[], [], []]);
  const { rows } = await sql`
    select 1 from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`.execute(first.db);
  assert.deepEqual(rows, []);
});
