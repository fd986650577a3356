import { limits } from "./limits.ts";

/** A walk along dependencies: a workflow and its dependencies still to follow. */
interface Visit {
  name: string;
  rest: Iterator<string>;
}

/** Cycles of a graph, at most `limits.cycles`, each as its names in order with the first repeated at the end. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const finished = new Set<string>();
  const visit = (name: string): Visit => ({ name, rest: (graph.get(name) ?? []).values() });
  for (const root of graph.keys()) {
    const trail = finished.has(root) ? [] : [visit(root)];
    const open = new Set(trail.map(({ name }) => name));
    for (let last = trail.at(-1); last && cycles.length < limits.cycles; last = trail.at(-1)) {
      const next = last.rest.next();
      if (next.done) {
        finished.add(last.name);
        open.delete(last.name);
        trail.pop();
      } else if (open.has(next.value)) {
        const names = trail.map(({ name }) => name);
        cycles.push([...names.slice(names.indexOf(next.value)), next.value]);
      } else if (!finished.has(next.value)) {
        open.add(next.value);
        trail.push(visit(next.value));
      }
    }
  }
  return cycles;
}
