import type { WorkKindName } from "../db/schema.ts";
import type { Wanted } from "./eligibility.ts";

/** A label class, as the matcher knows it. */
export interface LabelClass extends Wanted {
  id: number;
  /** Owners take turns within it: see FairTurns. */
  pool: string;
}

/** A label class as it is read. */
export interface ClassRow {
  id: number;
  kind: WorkKindName;
  labels: Record<string, string>;
  machine_id: string | null;
  owner: string;
  repository: string;
  trusted: boolean;
  pool: string;
}

/** The label classes there are, kept in memory: few, and never changed once made. */
export class LabelClasses {
  readonly #known = new Map<number, LabelClass>();
  #newest = 0;

  /** All up to this id are known: ids become visible in their order, as whoever makes them holds a lock. */
  get newest(): number {
    return this.#newest;
  }

  /** A class that was learned. */
  get(id: number): LabelClass | undefined {
    return this.#known.get(id);
  }

  /** Learns all classes after the newest, in the order of their ids. */
  learn(rows: readonly ClassRow[]): void {
    for (const { machine_id: machineId, ...row } of rows) this.#known.set(row.id, { ...row, machineId });
    this.#newest = rows.at(-1)?.id ?? this.#newest;
  }
}
