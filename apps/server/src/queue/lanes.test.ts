import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { byHead, Lanes, lanesFor, type Lane } from "./lanes.ts";

const lane = (classId: number, fairKey: number, priority = 0): Lane => ({
  classId,
  priority,
  fairKey: String(fairKey),
  id: String(fairKey),
});

suite("lanes", () => {
  test("have work as the last look says, until it is gone", () => {
    const lanes = new Lanes();
    lanes.saw([lane(1, 5), lane(2, 7)]);
    lanes.saw([lane(2, 8), lane(3, 9)]);
    lanes.empty([lane(3, 0)]);
    assert.deepEqual(lanes.withWork(), [lane(2, 8)]);
  });

  test("begin where they were leased to, and where a look found their first workflow", () => {
    const lanes = new Lanes();
    lanes.saw([lane(1, 5)]);
    lanes.pass(lane(1, 9));
    assert.deepEqual([lanes.withWork(), lanes.passed()], [[{ ...lane(1, 9), begun: true }], [lane(1, 9)]]);
    lanes.saw([lane(1, 3)]);
    assert.deepEqual([lanes.withWork(), lanes.passed()], [[lane(1, 3)], [lane(1, 3)]], "work came in before the place");
  });

  test("keep their places when they have no work: the dead entries are still there", () => {
    const lanes = new Lanes();
    lanes.saw([lane(1, 5)]);
    lanes.pass(lane(1, 9));
    lanes.saw([]);
    assert.deepEqual([lanes.withWork(), lanes.passed()], [[], [lane(1, 9)]]);
  });

  test("keep the places of those leased from last, when there are very many", () => {
    const lanes = new Lanes();
    for (let id = 1; id <= 200; id++) lanes.pass(lane(id, 1));
    lanes.pass(lane(100, 2));
    const kept = lanes.passed().map(({ classId }) => classId);
    assert.equal(kept.length, 128);
    assert.deepEqual([kept.includes(72), kept.includes(73), kept.at(-1)], [false, true, 100]);
  });

  test("are taken from in the order of their first workflows", () => {
    const lanes = [lane(1, 5), lane(2, 9, 1), lane(3, 10), lane(4, 2), lane(5, 1, -1)];
    assert.deepEqual(
      lanes.toSorted(byHead).map(({ classId }) => classId),
      [2, 4, 1, 3, 5],
    );
  });
});

suite("the lanes for some slots", () => {
  const begun = (classId: number): Lane => ({ ...lane(classId, 1), begun: true });
  /** Lanes in order, slots, the most lanes, and how many lanes the slots may need. */
  const table: [string, Lane[], number, number, number][] = [
    ["are as many as there are slots", [lane(1, 1), lane(2, 1), lane(3, 1)], 2, 10, 2],
    ["are as many more as may be empty", [lane(1, 1), begun(2), lane(3, 1), lane(4, 1)], 2, 10, 3],
    ["are all there are", [begun(1), begun(2)], 2, 10, 2],
    ["are bounded", [begun(1), begun(2), begun(3), begun(4)], 1, 3, 3],
    ["are never fewer than the slots need", [lane(1, 1), lane(2, 1), lane(3, 1)], 3, 1, 3],
  ];
  for (const [what, lanes, slots, max, count] of table) {
    test(what, () => assert.deepEqual(lanesFor(lanes, slots, max), lanes.slice(0, count)));
  }
});
