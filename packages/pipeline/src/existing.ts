import { workflowsOf, type Located } from "./located.ts";
import { cellName, type Cell } from "./matrix.ts";
import type { Finding } from "./problem.ts";
import { dotted } from "./show.ts";

/** The workflows that a pipeline has already: by base name, the names of all cells. */
export type ExistingWorkflows = ReadonlyMap<string, readonly string[]>;

/** The base name of a planned workflow, whatever the order in which its matrix is kept. */
export function baseOf(name: string, matrix: Cell): string {
  return name.slice(0, name.length - cellName("", matrix).length);
}

/** Finds workflows whose name the pipeline has already. */
export function checkNew(roots: readonly Located[], existing: ExistingWorkflows): Finding[] {
  return roots
    .flatMap(workflowsOf)
    .filter(([base]) => existing.has(base))
    .map(([base, { at }]) => ({
      at,
      message: `${dotted(["workflows", base])}: expected a name that the pipeline does not have yet`,
    }));
}
