import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Outbox } from "./outbox.ts";

async function take<T>(outbox: Outbox<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of outbox) taken.push(item);
  return taken;
}

suite("an outbox", () => {
  test("gives what is pushed before and while it is read, in order", async () => {
    const outbox = new Outbox<number>();
    outbox.push(1);
    outbox.push(2);
    const taken: number[] = [];
    for await (const item of outbox) {
      taken.push(item);
      if (item < 3) outbox.push(item + 2);
      if (taken.length === 4) outbox.close();
    }
    assert.deepEqual(taken, [1, 2, 3, 4]);
  });

  test("gives what waits before the failure it was closed with, and takes nothing more", async () => {
    const outbox = new Outbox<number>();
    outbox.push(1);
    outbox.close(new Error("first"));
    outbox.close(new Error("second"));
    outbox.push(2);
    const reader = outbox[Symbol.asyncIterator]();
    assert.deepEqual(await reader.next(), { value: 1, done: false });
    await assert.rejects(reader.next(), /first/);
  });

  test("wakes a reader that waits", async () => {
    const outbox = new Outbox<number>();
    const reading = take(outbox);
    outbox.push(1);
    outbox.close();
    assert.deepEqual(await reading, [1]);
  });

  test("makes a writer wait until there is room, or until nobody will read any more", async () => {
    const outbox = new Outbox<number>();
    for (const item of [1, 2, 3]) outbox.push(item);
    const order: string[] = [];
    const room = outbox.room(2).then(() => order.push("room"));
    const reader = outbox[Symbol.asyncIterator]();
    for (const item of [1, 2, 3]) {
      await reader.next();
      order.push(`took ${item}`);
    }
    await room;
    const [took1, room2, took3] = ["took 1", "room", "took 3"].map((what) => order.indexOf(what)) as [
      number,
      number,
      number,
    ];
    assert.ok(took1 < room2 && room2 < took3, order.join(", "));
    outbox.push(4);
    const closed = outbox.room(1);
    outbox.close();
    await closed;
  });
});
