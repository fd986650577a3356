import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { LabelClass } from "./classes.ts";
import type { KnownAgent } from "./known-agents.ts";
import { poolsOf, slotsOf, type Candidate, type OpenLane } from "./pools.ts";
import { Profiles } from "./profiles.ts";

suite("slots", () => {
  for (const [free, max, expected, why] of [
    [[], 9, [], "nobody waits"],
    [[3], 9, [0, 0, 0], "one agent gets all"],
    [[1, 1, 1], 9, [0, 1, 2], "in the order of the agents"],
    [[2, 1, 3], 9, [0, 1, 2, 0, 2, 2], "one for each before a second for any"],
    [[2, 1, 3], 4, [0, 1, 2, 0], "no more than the most"],
    [[0, 2], 9, [1, 1], "none for who has none"],
  ] as const) {
    test(`${JSON.stringify(free)} become ${JSON.stringify(expected)}: ${why}`, () => {
      assert.deepEqual(slotsOf(free, max), expected);
    });
  }
});

suite("pools", () => {
  const profiles = new Profiles();
  const grants = { owners: [], repositories: [], untrusted: false };

  function agent(id: string, labels: Record<string, string>, machineId = "m1"): Candidate {
    const profile = profiles.of({ kind: "build", labels, grants });
    return { profile, agent: { id, machineId }, waiter: { key: id } } as unknown as Candidate & { agent: KnownAgent };
  }

  function lane(id: number, labels: Record<string, string>, machineId: string | null = null): OpenLane {
    const whose = { owner: "", repository: "", trusted: true, pool: "" };
    const wanted: LabelClass = { id, kind: "build", labels, machineId, ...whose };
    return { lane: { classId: id, priority: 0, fairKey: "0", id: "0" }, wanted };
  }

  function grouped(candidates: Candidate[], lanes: OpenLane[], maxMembers = 9): [number[], string[]][] {
    return poolsOf({ candidates, open: lanes, profiles, maxMembers }).map(({ lanes: reached, members }) => [
      reached.map(({ classId }) => classId),
      members.map(({ agent: { id } }) => id),
    ]);
  }

  test("are the agents that may take from the same lanes, whatever else they offer, in their order", () => {
    const lanes = [lane(1, {}), lane(2, { os: "linux" }), lane(3, { os: "mac" })];
    const fleet = [
      agent("a", { os: "linux" }),
      agent("b", {}),
      agent("c", { os: "linux", gpu: "none" }),
      agent("d", { os: "*" }),
    ];
    assert.deepEqual(grouped(fleet, lanes), [
      [
        [1, 2],
        ["a", "c"],
      ],
      [[1], ["b"]],
      [[1, 2, 3], ["d"]],
    ]);
  });

  test("have no more members than may be served, and say when there are more", () => {
    const candidates = [agent("a", {}), agent("b", {}), agent("c", {})];
    const open = [lane(8, {})];
    const [few] = poolsOf({ candidates, open, profiles, maxMembers: 2 });
    assert.deepEqual([few?.members.map(({ agent: { id } }) => id), few?.more], [["a", "b"], true]);
    assert.equal(poolsOf({ candidates, open, profiles, maxMembers: 3 })[0]?.more, false);
  });

  test("leave out who may take nothing", () => {
    assert.deepEqual(grouped([agent("a", {}), agent("b", { "!gpu": "*" })], [lane(4, { os: "mac" })]), []);
  });

  test("differ by machine where work is pinned", () => {
    const lanes = [lane(5, {}), lane(6, {}, "m1"), lane(7, {}, "m2")];
    assert.deepEqual(grouped([agent("a", {}, "m1"), agent("b", {}, "m2"), agent("c", {}, "m3")], lanes), [
      [[5, 6], ["a"]],
      [[5, 7], ["b"]],
      [[5], ["c"]],
    ]);
  });
});
