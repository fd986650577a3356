import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Coalescer, type Outcome } from "./coalesce.ts";

/** A coalescer whose batches end when the test says so. */
function held() {
  const batches: (readonly number[])[] = [];
  const ends: (() => void)[] = [];
  const coalescer = new Coalescer<number, number>({
    maxBatch: 3,
    async run(batch) {
      batches.push(batch);
      await new Promise<void>((resolve) => ends.push(resolve));
      return batch.map((value) => ({ value: value * 10 }));
    },
  });
  return { coalescer, batches, ends };
}

/** Lets everything happen that waits for nothing but the event loop. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

suite("a coalescer", () => {
  test("asks at once when idle, and together what was asked meanwhile, in order and bounded", async () => {
    const { coalescer, batches, ends } = held();
    const first = coalescer.ask(1);
    await settled();
    assert.deepEqual(batches, [[1]]);
    const rest = [2, 3, 4, 5].map((question) => coalescer.ask(question));
    await settled();
    assert.equal(batches.length, 1, "one batch is in flight");
    ends.shift()?.();
    assert.equal(await first, 10);
    await settled();
    ends.shift()?.();
    await settled();
    ends.shift()?.();
    assert.deepEqual(await Promise.all(rest), [20, 30, 40, 50]);
    assert.deepEqual(batches, [[1], [2, 3, 4], [5]]);
  });

  test("bounds a batch by the size of its questions, and lets a single large one through", async () => {
    const batches: (readonly number[])[] = [];
    const coalescer = new Coalescer<number, number>({
      weigh: (question) => question,
      maxWeight: 10,
      async run(batch) {
        batches.push(batch);
        return batch.map((value) => ({ value }));
      },
    });
    await Promise.all([4, 6, 1, 50, 2].map((question) => coalescer.ask(question)));
    assert.deepEqual(batches, [[4, 6], [1], [50], [2]]);
  });

  test("begins anew after it was idle", async () => {
    const coalescer = new Coalescer<number, number>({ run: async (batch) => batch.map((value) => ({ value })) });
    assert.equal(await coalescer.ask(1), 1);
    await settled();
    assert.equal(await coalescer.ask(2), 2);
  });

  test("gives each caller its own error", async () => {
    const coalescer = new Coalescer<number, number>({
      run: async (batch) =>
        batch.map((value): Outcome<number> => (value === 2 ? { error: new Error("two") } : { value })),
    });
    const answers = await Promise.allSettled([1, 2, 3].map((question) => coalescer.ask(question)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
  });

  test("asks each alone when a batch fails as a whole: a bad one never fails its neighbours", async () => {
    const coalescer = new Coalescer<number, number>({
      async run(batch) {
        if (batch.includes(2)) throw Object.assign(new Error("bad row"), { code: "22P02" });
        return batch.map((value) => ({ value }));
      },
    });
    const [one, two, three] = await Promise.allSettled([1, 2, 3].map((question) => coalescer.ask(question)));
    assert.deepEqual(
      [one, three],
      [1, 3].map((value) => ({ status: "fulfilled", value })),
    );
    assert.equal(two?.status, "rejected");
  });

  test("fails all at once when the database is away", async () => {
    let runs = 0;
    const coalescer = new Coalescer<number, number>({
      async run() {
        runs += 1;
        throw Object.assign(new Error("terminating connection"), { code: "57P01" });
      },
    });
    const answers = await Promise.allSettled([1, 2, 3].map((question) => coalescer.ask(question)));
    assert.ok(answers.every(({ status }) => status === "rejected"));
    assert.equal(runs, 1);
  });

  test("waits for others where it is told to", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const batches: (readonly number[])[] = [];
    const coalescer = new Coalescer<number, number>({
      gatherMs: 250,
      async run(batch) {
        batches.push(batch);
        return batch.map((value) => ({ value }));
      },
    });
    const first = coalescer.ask(1);
    await settled();
    const second = coalescer.ask(2);
    t.mock.timers.tick(249);
    await settled();
    assert.deepEqual(batches, []);
    t.mock.timers.tick(1);
    await Promise.all([first, second]);
    assert.deepEqual(batches, [[1, 2]]);
  });
});
