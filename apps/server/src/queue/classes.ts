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

  /** The classes that have queued work and that this agent matches. */
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
    // Ids are drawn before their rows commit, so one below the newest may still appear: look back a little.
    this.#newest = Math.max(0, ...[...this.#known.keys()].map((id) => id - LOOK_BACK));
  }
}

/** How many ids are read again: more than there are transactions in flight that make classes. */
const LOOK_BACK = 100;
