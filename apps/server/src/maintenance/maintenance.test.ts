import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test, type TestContext } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { campaign } from "./election.ts";
import { Maintenance } from "./maintenance.ts";
import type { Task } from "./repeat.ts";

suite("maintenance on several replicas", () => {
  test("is done by one, and by the next as soon as that one stops", async (t) => {
    const context = await testContext(t, { leaseTtlMs: 600_000 });
    const a = replica(t, context, "a");
    await a.looked();
    const b = replica(t, context, "b");
    const next = b.looked();
    await a.maintenance.stop();
    await next;
    assert.equal(await holder(context), "b");
    assert.equal(a.looks(), 1);
  });

  test("is taken over from one that is gone without a word, when its lease has run out", async (t) => {
    const context = await testContext(t, { leaseTtlMs: 2_400 });
    await campaign({ ...context, replica: "gone" }, 200);
    const b = replica(t, context, "b");
    await b.looked();
    assert.equal(await holder(context), "b");
  });

  test("goes on with every task when one of them fails, again and again", async (t) => {
    const context = await testContext(t);
    const failing = countedTask({ name: "failing", fails: true });
    const working = countedTask({ name: "working" });
    const maintenance = new Maintenance(context, [failing.task, working.task]);
    t.after(() => maintenance.stop());
    maintenance.start();
    for (let i = 0; i < 3; i++) await Promise.all([failing.looked(), working.looked()]);
  });

  test("asks a task again at once until nothing is left to do", async (t) => {
    const context = await testContext(t);
    const left = [3, 2, 0];
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    const run = (): Promise<number> => {
      const count = left.shift() ?? 0;
      if (count === 0) resolve();
      return Promise.resolve(count);
    };
    const maintenance = new Maintenance(context, [{ name: "work", everyMs: 3_600_000, run }]);
    t.after(() => maintenance.stop());
    maintenance.start();
    await empty;
    assert.deepEqual(left, []);
  });

  test("stops without having been started, and twice", async (t) => {
    const maintenance = new Maintenance(await testContext(t), []);
    await maintenance.stop();
    await maintenance.stop();
  });
});

function countedTask({ name, fails = false, everyMs = 1 }: { name: string; fails?: boolean; everyMs?: number }) {
  const events = new EventTarget();
  let looks = 0;
  const run = (): Promise<number> => {
    looks += 1;
    events.dispatchEvent(new Event("look"));
    return fails ? Promise.reject(new Error("it fails")) : Promise.resolve(0);
  };
  const task: Task = { name, everyMs, run };
  return { task, looks: () => looks, looked: () => once(events, "look") };
}

/** A replica with one task, which looks once per term. */
function replica(t: TestContext, context: ServerContext, name: string) {
  const { task, ...seen } = countedTask({ name, everyMs: 3_600_000 });
  const maintenance = new Maintenance({ ...context, replica: name }, [task]);
  t.after(() => maintenance.stop());
  maintenance.start();
  return { maintenance, ...seen };
}

async function holder({ db }: ServerContext): Promise<string> {
  return (await db.selectFrom("maintenance").select("replica").executeTakeFirstOrThrow()).replica;
}
