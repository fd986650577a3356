import { freshDatabase } from "@groundcrew/testkit";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as dialTcp, createServer, type AddressInfo } from "node:net";
import { suite, test, type TestContext } from "node:test";
import { testContext } from "../testing/context.ts";
import { connect, probe } from "./connection.ts";

suite("the database connection", () => {
  test("that is cut under a transaction fails the transaction, not the process, and the next one works", async (t) => {
    const { db } = await testContext(t);
    const cut = db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db);
      for (;;) await sql`select 1`.execute(tx);
    });
    await assert.rejects(cut);
    const { rows } = await sql<{ one: number }>`select 1 as one`.execute(db);
    assert.equal(rows[0]?.one, 1);
  });

  test("tells who answers, and that nothing is in between", async () => {
    const { major, route } = await probe(await freshDatabase({ prepare: () => Promise.resolve() }));
    assert.ok(major >= 15);
    assert.equal(route, "direct");
  });

  test("lets no transaction wait for a client that is frozen: others want the rows that it holds", async (t) => {
    const { db } = await testContext(t);
    const { rows } = await sql`show idle_in_transaction_session_timeout`.execute(db);
    assert.deepEqual(rows, [{ idle_in_transaction_session_timeout: "10s" }]);
  });

  for (const how of ["closed", "reset"] as const) {
    test(`that is ${how} while it is made is made again, and reads arrays as arrays`, async (t) => {
      const { db, close } = connect(await throughCuts(t, how), 2);
      t.after(close);
      for (let i = 0; i < 3; i++) {
        const { rows } = await sql<{ names: string[] }>`select array['a', 'b'] as names`.execute(db);
        assert.deepEqual(rows[0]?.names, ["a", "b"]);
      }
    });
  }
});

/** The URL of a database behind a proxy that cuts the first two connections when the driver asks for its types. */
async function throughCuts(t: TestContext, how: "closed" | "reset"): Promise<string> {
  const url = new URL(await freshDatabase({ prepare: () => Promise.resolve() }));
  const { hostname, port } = url;
  let cuts = 2;
  const proxy = createServer((client) => {
    const database = dialTcp(Number(port), hostname);
    client.on("data", (bytes) => {
      if (cuts === 0 || !bytes.includes("typarray")) {
        database.write(bytes);
        return;
      }
      cuts--;
      if (how === "reset") client.resetAndDestroy();
      else client.end();
      database.destroy();
    });
    database.on("data", (bytes) => client.write(bytes));
    for (const [one, other] of [
      [client, database],
      [database, client],
    ] as const) {
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => proxy.close());
  url.port = String((proxy.address() as AddressInfo).port);
  return url.href;
}
