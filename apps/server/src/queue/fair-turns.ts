import { sql } from "kysely";
import type { Db } from "../context.ts";

/** Work that the same agents look at: a label class but for whose work it is. */
type Pool = string;

/**
 * Owners take turns within a pool: each workflow is given a turn when it is admitted, and within a priority the smallest
 * turn goes first. An owner's next turn follows its last one, or stands where the queue is now if that is later, so a
 * lone workflow never waits for another owner's backlog. (Start-time fair queueing.)
 *
 * Kept in memory, because a row per owner would be the hottest of all; replicas tell each other now and then. What one
 * forgets or does not know yet makes a turn a little too early, never a workflow lost.
 */
export class FairTurns {
  /** The newest turn of a pool that was leased. */
  readonly #leased = new Map<Pool, number>();
  /** The newest turn given to an owner in a pool. */
  readonly #given = new Map<Pool, Map<string, number>>();
  readonly #changed = new Map<string, [Pool, string | null]>();

  /** Gives an owner this many consecutive turns in a pool, and returns the first. */
  take(pool: Pool, owner: string, count = 1): number {
    const owners = this.#given.getOrInsertComputed(pool, () => new Map<string, number>());
    const first = Math.max(this.#leased.get(pool) ?? 0, (owners.get(owner) ?? -1) + 1);
    owners.set(owner, first + count - 1);
    this.#note(pool, owner);
    return first;
  }

  /** Notes that work with this turn was leased: whoever comes now starts from here. */
  leased(pool: Pool, turn: number): void {
    if (turn <= (this.#leased.get(pool) ?? 0)) return;
    this.#leased.set(pool, turn);
    this.#note(pool, null);
  }

  /** Tells the other replicas what changed here since the last time, and learns what changed there. */
  async exchange(db: Db): Promise<void> {
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    try {
      await this.#tell(db, changed);
    } catch (error) {
      for (const [pool, owner] of changed) this.#note(pool, owner);
      throw error;
    }
    await this.#learn(db);
  }

  #note(pool: Pool, owner: string | null): void {
    this.#changed.set(JSON.stringify([pool, owner]), [pool, owner]);
  }

  async #tell(db: Db, changed: [Pool, string | null][]): Promise<void> {
    if (changed.length === 0) return;
    // In one order, so that replicas that tell at once never wait for each other in a circle.
    const rows = changed.toSorted(([a, x], [b, y]) => compare(a, b) || compare(x ?? "", y ?? ""));
    const turns = rows.map(([pool, owner]) => this.#turn(pool, owner));
    await sql`
      insert into fair_turns (pool, owner, turn)
      select * from unnest(${rows.map(([pool]) => pool)}::text[], ${rows.map(([, owner]) => owner)}::text[], ${turns}::bigint[])
      on conflict (pool, owner) do update set turn = greatest(fair_turns.turn, excluded.turn)`.execute(db);
  }

  async #learn(db: Db): Promise<void> {
    // An owner whose last turn has come and gone starts where the queue is: nothing to know about it.
    await sql`
      delete from fair_turns given using fair_turns leased
      where leased.pool = given.pool and leased.owner is null and given.owner is not null
        and given.turn < leased.turn`.execute(db);
    const rows = await db.selectFrom("fair_turns").selectAll().execute();
    for (const { pool, owner, turn } of rows) this.#hear(pool, owner, Number(turn));
    for (const [pool, owners] of this.#given) this.#forgetPast(pool, owners);
  }

  #hear(pool: Pool, owner: string | null, turn: number): void {
    if (owner === null) {
      this.#leased.set(pool, Math.max(turn, this.#leased.get(pool) ?? 0));
      return;
    }
    const owners = this.#given.getOrInsertComputed(pool, () => new Map<string, number>());
    owners.set(owner, Math.max(turn, owners.get(owner) ?? 0));
  }

  #forgetPast(pool: Pool, owners: Map<string, number>): void {
    const now = this.#leased.get(pool) ?? 0;
    for (const [owner, turn] of owners) if (turn < now) owners.delete(owner);
  }

  #turn(pool: Pool, owner: string | null): number {
    return (owner === null ? this.#leased.get(pool) : this.#given.get(pool)?.get(owner)) ?? 0;
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
