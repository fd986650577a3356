import { findCycles } from "./cycles.ts";
import type { ExistingWorkflows } from "./existing.ts";
import { limits } from "./limits.ts";
import { itemsOf, type Located, valueAt, workflowsOf } from "./located.ts";
import { didYouMean } from "./nearest.ts";
import type { Finding, Position } from "./problem.ts";
import { repeats } from "./repeats.ts";
import { dotted, quote } from "./show.ts";

/** One name in the `depends_on` of a workflow. */
interface Dependency {
  from: string;
  to: string;
  at: Position;
}

/** Finds dependencies that are unknown, repeated, on the workflow itself, or that form a cycle. */
export function checkDependencies(roots: readonly Located[], existing: ExistingWorkflows): Finding[] {
  const byWorkflow = new Map(
    roots.flatMap(workflowsOf).map(([base, { value }]) => [base, dependenciesOf(base, value)]),
  );
  const all = [...byWorkflow.values()].flat();
  return [
    ...all.filter(({ from, to }) => from === to).map(onItself),
    ...unknown(all, [...byWorkflow.keys(), ...existing.keys()]),
    ...[...byWorkflow].flatMap(([base, some]) => repeated(base, some)),
    ...inCycles(byWorkflow),
  ];
}

/** The names in the `depends_on` of a workflow that need not be right, and where they stand. */
export function parentsOf(workflow: Located): { text: string; at: Position }[] {
  const value = valueAt(workflow, "depends_on");
  const items = value?.kind === "text" ? [value] : itemsOf(value);
  return items.map((item) => valueAt(item, "workflow") ?? item).filter((name) => name.kind === "text");
}

function dependenciesOf(from: string, workflow: Located): Dependency[] {
  return parentsOf(workflow).map(({ text, at }) => ({ from, to: text, at }));
}

function onItself({ from, at }: Dependency): Finding {
  return { at, message: `${where(from)}: expected another workflow, found itself` };
}

/** Only as many as are printed: each is compared with every workflow. */
function unknown(all: Dependency[], known: string[]): Finding[] {
  const names = known.slice(0, limits.workflows);
  const isKnown = new Set(known);
  const missing = all.filter(({ to }) => !isKnown.has(to)).slice(0, limits.problems);
  return missing.map(({ from, to, at }) => {
    const advice = didYouMean(
      to,
      names.filter((name) => name !== from),
    );
    return {
      at,
      message: `${where(from)}: expected the name of a workflow in this pipeline, found ${quote(to)}${advice}`,
    };
  });
}

function repeated(base: string, some: Dependency[]): Finding[] {
  return repeats(
    `${where(base)}: the workflow`,
    some.map(({ to, at }) => ({ text: to, at })),
  );
}

function inCycles(byWorkflow: ReadonlyMap<string, Dependency[]>): Finding[] {
  const graph = [...byWorkflow].map(
    ([base, some]) => [base, some.map(({ to }) => to).filter((to) => to !== base)] as const,
  );
  return findCycles(new Map(graph)).flatMap((cycle) => {
    const [from = "", to] = cycle.slice(-2);
    const closing = byWorkflow.get(from)?.find((dependency) => dependency.to === to);
    return closing ? [{ at: closing.at, message: `${where(from)}: expected no cycle, found ${arrows(cycle)}` }] : [];
  });
}

/** The cycle in at most a dozen names. */
function arrows(cycle: string[]): string {
  const shown = cycle.length <= 12 ? cycle : [...cycle.slice(0, 6), "…", ...cycle.slice(-5)];
  return shown.join(" → ");
}

function where(base: string): string {
  return dotted(["workflows", base, "depends_on"]);
}
