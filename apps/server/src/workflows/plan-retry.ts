import type { DependencyCondition } from "@groundcrew/pipeline";
import type { WorkflowStateName } from "../db/schema.ts";
import { dependencyHolds, hasEnded } from "./rules.ts";

/** A workflow of a pipeline as it stands: the newest of those that retry each other. */
export interface Standing {
  id: string;
  state: WorkflowStateName;
  /** What it depends on, by the ids of those as they stand. */
  parents: readonly Dependency[];
}

/** What a workflow depends on. */
export interface Dependency {
  id: string;
  condition: DependencyCondition;
}

/** A workflow to be made of an old one. */
export interface Retrial {
  /** The old one. */
  of: string;
  /** What it waits for: workflows that are retried as well, by their old ids, and those that have not ended. */
  waitsFor: Dependency[];
  /** What it depends on and has ended already: decided when the old one ran. */
  decided: Dependency[];
}

/**
 * Chooses what a retry of a pipeline makes anew: all of it, or what did not succeed and what was skipped for that.
 * `standing` has parents before children.
 */
export function planRetry(standing: readonly Standing[], failedOnly: boolean): Retrial[] {
  const byId = new Map(standing.map((each) => [each.id, each]));
  const chosen = new Set<string>();
  const waits = ({ id }: Dependency): boolean => chosen.has(id) || isOpen(byId.get(id));
  for (const each of standing) {
    if (!failedOnly || didFail(each.state) || isSkippedFor(each)) chosen.add(each.id);
  }
  return standing
    .filter(({ id }) => chosen.has(id))
    .map(({ id: of, parents }) => ({
      of,
      waitsFor: parents.filter(waits),
      decided: parents.filter((parent) => !waits(parent)),
    }));

  /** Whether it may run now: one of those it was skipped for runs again, and no other stands in its way. */
  function isSkippedFor({ state, parents }: Standing): boolean {
    if (state !== "skipped" || !parents.some(({ id }) => chosen.has(id))) return false;
    return parents.every((parent) => waits(parent) || holds(parent));
  }

  function holds({ id, condition }: Dependency): boolean {
    const state = byId.get(id)?.state;
    return state !== undefined && hasEnded(state) && dependencyHolds(condition, state);
  }
}

function isOpen(each: Standing | undefined): boolean {
  return each !== undefined && !hasEnded(each.state);
}

function didFail(state: WorkflowStateName): boolean {
  return state === "failed" || state === "timed_out" || state === "lost" || state === "canceled";
}
