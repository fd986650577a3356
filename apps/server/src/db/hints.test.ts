import { freshDatabase } from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import postgres from "postgres";
import { connect } from "./connection.ts";
import { Hints, type Topic } from "./hints.ts";

/** So rare that no round of these tests is a poll's. */
const NEVER_MS = 3_600_000;

suite("a hint", () => {
  test("wakes who waits for its topic, on every replica, and nobody else", async (t) => {
    const { replica } = await database(t);
    const [one, other] = [await replica(), await replica()];
    const [here, there, elsewhere] = [one.waiter("queue"), other.waiter("queue"), other.waiter("workflow:1")];
    one.hints.publish("queue");
    await Promise.all([here.woken(), there.woken()]);
    other.hints.publish("workflow:1");
    await elsewhere.woken();
    assert.equal(elsewhere.rounds(), 1);
  });

  test("wakes who waits on its own replica once: what comes back from the database is not news", async (t) => {
    const { replica } = await database(t);
    const [one, other] = [await replica(), await replica()];
    const [here, there] = [one.waiter("queue"), other.waiter("queue")];
    one.hints.publish("queue");
    await Promise.all([here.woken(), there.woken()]);
    // Sent after it on the same connection, so that the first has come back when this one is heard.
    const last = one.waiter("maintenance");
    other.hints.publish("maintenance");
    await last.woken();
    assert.equal(here.rounds(), 1);
  });

  test("that comes while a round runs is not lost", async (t) => {
    const { replica } = await database(t);
    const { hints, ending } = await replica();
    let rounds = 0;
    for await (const _ of hints.rounds(["queue"], NEVER_MS, ending)) {
      rounds += 1;
      if (rounds === 3) break;
      hints.publish("queue");
    }
    assert.equal(rounds, 3);
  });

  test("is still sent by a replica that stops", async (t) => {
    const { replica } = await database(t);
    const [stopping, other] = [await replica(), await replica()];
    const there = other.waiter("maintenance");
    stopping.hints.publish("maintenance");
    await stopping.hints.stop();
    await there.woken();
  });

  test("that was lost with the connection is made up for: all are woken once it is there again", async (t) => {
    const { replica, admin, name } = await database(t);
    const [one, other] = [await replica(), await replica()];
    const there = other.waiter("queue");
    await cutAll(admin, name);
    await there.woken();
    one.hints.publish("queue");
    await there.woken();
  });

  test("comes again after an outage of the database, however many tries that took", async (t) => {
    const { replica, admin, name } = await database(t);
    const [one, other] = [await replica(), await replica()];
    const there = other.waiter("queue");
    await admin.unsafe(`alter database ${name} allow_connections false`);
    await cutAll(admin, name);
    for (let i = 0; i < 3; i++) await assert.rejects(async () => other.driver`select 1`);
    await admin.unsafe(`alter database ${name} allow_connections true`);
    await there.woken();
    one.hints.publish("queue");
    await there.woken();
  });

  test("is heard behind a pooler that keeps sessions", async (t) => {
    const { replica } = await database(t);
    const [one, other] = [await replica("pooled"), await replica("pooled")];
    const there = other.waiter("queue");
    one.hints.publish("queue");
    await there.woken();
  });
});

async function database(t: TestContext) {
  const url = await freshDatabase({ prepare: () => Promise.resolve() });
  const name = new URL(url).pathname.slice(1);
  const admin = postgres(url, { max: 1, database: "postgres", onnotice: () => undefined });
  t.after(() => admin.end());
  const replica = async (route: "direct" | "pooled" = "direct") => {
    const { driver, close } = connect(url, 2, route);
    const hints = new Hints(driver, { route });
    const ending = new AbortController();
    t.after(async () => {
      ending.abort();
      await hints.stop();
      await close();
    });
    await hints.start();
    return { hints, driver, ending: ending.signal, waiter: (topic: Topic) => waiter(hints, topic, ending.signal) };
  };
  return { replica, admin, name };
}

/** Somebody who waits for a topic, and has looked once already. */
function waiter(hints: Hints, topic: Topic, signal: AbortSignal) {
  const rounds = hints.rounds([topic], NEVER_MS, signal);
  let count = 0;
  const first = rounds.next();
  return {
    rounds: () => count,
    async woken(): Promise<void> {
      await first;
      assert.equal((await rounds.next()).done, false);
      count += 1;
    },
  };
}

async function cutAll(admin: postgres.Sql, name: string): Promise<void> {
  const cut = await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
  assert.ok(cut.length >= 2, "each replica has a connection to listen on");
}
