import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { insertWorkflow } from "../testing/fleet.ts";
import type { Lane } from "./lanes.ts";
import { look } from "./look.ts";

/** Where a workflow stands: a class by its number, a priority, a turn. */
const stands = fc.record({
  class: fc.integer({ min: 1, max: 4 }),
  priority: fc.integer({ min: -1, max: 1 }),
  fairKey: fc.integer({ min: 0, max: 4 }),
  queued: fc.boolean(),
});
type Stand = typeof stands extends fc.Arbitrary<infer T> ? T : never;

const places = fc.uniqueArray(stands, { maxLength: 6, selector: (stand) => `${stand.class}/${stand.priority}` });

suite("a look", () => {
  test("finds every lane with work and its first workflow, from the head or from where it was passed", async (t) => {
    const context = await testContext(t);
    const property = fc.asyncProperty(fc.array(stands, { maxLength: 12 }), places, async (all, passedAt) => {
      await context.db.deleteFrom("workflows").execute();
      const rows = await insertAll(context, all);
      const passed = passedAt.map((place) => ({
        classId: place.class,
        priority: place.priority,
        fairKey: String(place.fairKey),
        id: "0",
      }));
      const seen = await look(context.db, 0, passed);
      assert.deepEqual(seen.lanes.toSorted(inOrder), expected(rows, passed));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test("tells the classes after the newest known, in order, and what is paused", async (t) => {
    const context = await testContext(t);
    for (const repository of ["acme/api", "acme/web", "bob/x"]) {
      await insertWorkflow(context, { whose: { repository, owner: "o", trusted: false }, wants: { os: "linux" } });
    }
    await context.db
      .insertInto("pauses")
      .values({ scope: "repository", target: "acme/api", paused_by: "alice", reason: "" })
      .execute();
    const first = await look(context.db, 0, []);
    assert.deepEqual(
      first.classes.map(({ repository }) => repository),
      ["acme/api", "acme/web", "bob/x"],
    );
    assert.deepEqual(first.pauses, [{ scope: "repository", target: "acme/api" }]);
    const { pool, id, ...rest } = first.classes[1] ?? {};
    assert.ok(pool !== undefined && id !== undefined);
    assert.deepEqual(rest, {
      kind: "build",
      labels: { os: "linux" },
      machine_id: null,
      owner: "o",
      repository: "acme/web",
      trusted: false,
    });
    const later = await look(context.db, id, []);
    assert.deepEqual(
      later.classes.map(({ repository }) => repository),
      ["bob/x"],
    );
  });
});

interface Row extends Stand {
  id: string;
}

async function insertAll(context: ServerContext, all: readonly Stand[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const stand of all) {
    const { class: classId, priority, fairKey, queued } = stand;
    const state = queued ? "queued" : "running";
    const place = { class_id: classId, priority, fair_key: String(fairKey), state } as const;
    rows.push({ ...stand, id: (await insertWorkflow(context, place)).id });
  }
  return rows;
}

function expected(rows: readonly Row[], passed: readonly Lane[]): Lane[] {
  const heads = new Map<string, Lane>();
  for (const { class: classId, priority, fairKey, id, queued } of rows) {
    const place = passed.find((lane) => lane.classId === classId && lane.priority === priority);
    const behind = place !== undefined && fairKey < Number(place.fairKey);
    const key = `${classId}/${priority}`;
    const head = heads.get(key);
    // Rows come in the order of their ids: of the same turn, the first is the head.
    const first = head === undefined || fairKey < Number(head.fairKey);
    if (queued && !behind && first) heads.set(key, { classId, priority, fairKey: String(fairKey), id });
  }
  return [...heads.values()].toSorted(inOrder);
}

function inOrder(a: Lane, b: Lane): number {
  return a.classId - b.classId || b.priority - a.priority;
}
