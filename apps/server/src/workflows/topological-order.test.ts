import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { topologicalOrder } from "./topological-order.ts";

/** Graphs without cycles: each node depends on some of those before it. */
const graphs = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 30 }).map((picks) =>
  picks.map((some, index) => ({
    name: String(index),
    dependsOn:
      index === 0 ? [] : [...new Set(some.map((pick) => String(pick % index)))].map((parent) => ({ name: parent })),
  })),
);

suite("the topological order", () => {
  test("keeps the order given where it fits already", () => {
    fc.assert(fc.property(graphs, (graph) => assert.deepEqual(topologicalOrder(graph), graph)));
  });

  test("puts each node, once, after all that it depends on, whatever the order given", () => {
    const shuffled = graphs.chain((graph) => fc.shuffledSubarray(graph, { minLength: graph.length }));
    fc.assert(
      fc.property(shuffled, (graph) => {
        const ordered = topologicalOrder(graph);
        const place = new Map(ordered.map(({ name }, index) => [name, index]));
        assert.equal(place.size, graph.length);
        for (const { name, dependsOn } of graph) {
          for (const parent of dependsOn) assert.ok((place.get(parent.name) ?? Infinity) < (place.get(name) ?? -1));
        }
      }),
    );
  });
});
