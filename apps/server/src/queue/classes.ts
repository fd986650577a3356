import type { Db } from "../context.ts";
import { matches, type Offered, type Wanted } from "./labels.ts";

/** The label classes there are, kept in memory: few, and never changed once made. */
export class LabelClasses {
  readonly #db: Db;
  readonly #known = new Map<number, Wanted>();
  #newest = 0;

  constructor(db: Db) {
    this.#db = db;
  }

  /** The classes that this agent matches. */
  async matching(offered: Offered): Promise<number[]> {
    await this.#learn();
    return [...this.#known].filter(([, wanted]) => matches(offered, wanted)).map(([id]) => id);
  }

  async #learn(): Promise<void> {
    const added = await this.#db
      .selectFrom("label_classes")
      .selectAll()
      .where("id", ">", this.#newest)
      .orderBy("id")
      .execute();
    for (const { id, kind, labels, machine_id } of added) {
      this.#known.set(id, { kind, labels, machineId: machine_id });
    }
    // Classes become visible in the order of their ids: whoever makes them holds a lock until the commit.
    this.#newest = added.at(-1)?.id ?? this.#newest;
  }
}
