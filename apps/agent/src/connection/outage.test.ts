import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createLog } from "../log.ts";
import { Outage } from "./outage.ts";

const LONG_MS = 60_000;

function setUp() {
  const logged: string[] = [];
  const { log } = createLog({ level: "info", sink: { write: (line) => logged.push(line) } });
  return { outage: new Outage({ log, random: () => 0 }), logged };
}

suite("an outage", () => {
  test("is told once when it begins and once when it is over", () => {
    const { outage, logged } = setUp();
    outage.over();
    for (const _ of [1, 2, 3]) outage.failed(new Error("refused"));
    outage.over();
    outage.over();
    assert.equal(logged.length, 2);
    assert.match(logged[0] ?? "", /"reason":"refused".*does not answer/);
    assert.match(logged[1] ?? "", /answers again/);
  });

  test("that is over wakes all who wait to try again", async () => {
    const { outage } = setUp();
    outage.failed(new Error("refused"));
    const waiting = [1, 2, 3].map(() => outage.pause(LONG_MS));
    outage.over();
    assert.deepEqual(await Promise.all(waiting), [true, true, true]);
  });

  test("that comes after an answer just now wakes nobody: one call that fails is not repeated at each other's answer", async () => {
    const { outage } = setUp();
    outage.over();
    outage.failed(new Error("this one row"));
    const waiting = outage.pause(20);
    outage.over();
    assert.equal(await waiting, false);
  });

  test("that goes on lets each try at its own time, until it leaves", async () => {
    const { outage } = setUp();
    outage.failed(new Error("refused"));
    assert.equal(await outage.pause(1), false);
    const leave = new AbortController();
    const waiting = outage.pause(LONG_MS, leave.signal);
    leave.abort(new Error("left"));
    await assert.rejects(waiting, /left/);
  });
});
