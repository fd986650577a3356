import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { admissible, type BatchLimits, type Member } from "./admissible.ts";

const NONE: BatchLimits = { perRack: null, maxWatts: null, staggerMs: 0 };
const waits = (id: string, rack = "", watts = 0): Member => ({ id, rack, watts, placed: false });
const runs = (id: string, rack = "", watts = 0): Member => ({ id, rack, watts, placed: true });

suite("the runs of a batch that may go on", () => {
  const table: [string, Member[], Partial<BatchLimits>, number | undefined, string[]][] = [
    ["all, without limits", [waits("1"), waits("2")], {}, undefined, ["1", "2"]],
    ["as many of a rack as may", [runs("1", "a"), waits("2", "a"), waits("3", "b")], { perRack: 1 }, 0, ["3"]],
    [
      "as many as the power allows",
      [waits("1", "", 600), waits("2", "", 600), waits("3", "", 400)],
      { maxWatts: 1000 },
      0,
      ["1", "3"],
    ],
    ["one at a time, staggered", [waits("1"), waits("2")], { staggerMs: 1000 }, undefined, ["1"]],
    ["none before its time", [runs("1"), waits("2")], { staggerMs: 1000 }, 999, []],
    ["one in its time", [runs("1"), waits("2"), waits("3")], { staggerMs: 1000 }, 1000, ["2"]],
  ];
  for (const [what, members, limits, since, wanted] of table) {
    test(`are ${what}`, () => assert.deepEqual(admissible(members, { ...NONE, ...limits }, since), wanted));
  }

  test("never exceed a limit, and leave none back that fits", () => {
    const member = fc.record({ rack: fc.constantFrom("a", "b"), watts: fc.nat(500), placed: fc.boolean() });
    const limit = fc.option(fc.integer({ min: 1, max: 1500 }));
    fc.assert(
      fc.property(fc.array(member, { maxLength: 20 }), limit, limit, (drawn, perRack, maxWatts) => {
        const members = drawn.map((each, index) => ({ ...each, id: String(index) }));
        const within = (some: readonly Member[]) => {
          const racks = [...Map.groupBy(some, ({ rack }) => rack).values()].map(({ length }) => length);
          const watts = some.reduce((sum, each) => sum + each.watts, 0);
          return Math.max(0, ...racks) <= (perRack ?? Infinity) && watts <= (maxWatts ?? Infinity);
        };
        const placed = members.filter((each) => each.placed);
        fc.pre(within(placed));
        const ids = admissible(members, { perRack, maxWatts, staggerMs: 0 }, undefined);
        const after = members.filter((each) => each.placed || ids.includes(each.id));
        assert.ok(within(after));
        for (const left of members.filter((each) => !after.includes(each))) assert.ok(!within([...after, left]));
      }),
    );
  });
});
