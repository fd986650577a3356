import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { FairTurns } from "./fair-turns.ts";

suite("turns", () => {
  test("of an owner follow each other", () => {
    const turns = new FairTurns();
    assert.deepEqual([turns.take("p", "a"), turns.take("p", "a", 10), turns.take("p", "a")], [0, 1, 11]);
  });

  test("put a lone workflow next, whatever another owner's backlog", () => {
    const turns = new FairTurns();
    turns.take("p", "many", 10_000);
    turns.leased("p", 50);
    assert.equal(turns.take("p", "lone"), 50);
    assert.equal(turns.take("p", "many"), 10_000);
  });

  test("of one pool say nothing about another", () => {
    const turns = new FairTurns();
    turns.leased("fast", 1_000_000);
    assert.equal(turns.take("slow", "a"), 0);
  });

  test("never save up: who was idle starts where the queue is", () => {
    const turns = new FairTurns();
    turns.take("p", "a");
    turns.leased("p", 500);
    assert.equal(turns.take("p", "a", 2), 500);
  });

  test("serve owners that keep a backlog equally, however unequal it is", () => {
    const backlogs = fc.array(fc.integer({ min: 20, max: 200 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(backlogs, (sizes) => {
        const turns = new FairTurns();
        const queue = sizes.flatMap((size, owner) =>
          Array.from({ length: size }, () => ({ owner, turn: turns.take("p", String(owner)) })),
        );
        const first = queue.toSorted((a, b) => a.turn - b.turn).slice(0, 20 * sizes.length);
        const served = sizes.map((_, owner) => first.filter((each) => each.owner === owner).length);
        assert.deepEqual(
          served,
          sizes.map(() => 20),
        );
      }),
    );
  });

  test("are told to the other replicas, and forgotten when they have passed", async (t) => {
    const { db } = await testContext(t);
    const [here, there] = [new FairTurns(), new FairTurns()];
    here.take("p", "a", 100);
    here.take("p", "b", 3);
    await here.exchange(db);
    await there.exchange(db);
    assert.equal(there.take("p", "a"), 100);
    there.leased("p", 50);
    await there.exchange(db);
    await here.exchange(db);
    assert.equal(here.take("p", "new"), 50);
    const left = await db.selectFrom("fair_turns").select("owner").where("owner", "is not", null).execute();
    assert.deepEqual(
      left.map(({ owner }) => owner),
      ["a"],
    );
  });
});
