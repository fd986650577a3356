/** Where a workflow stands in its lane. Decimal strings. */
interface Position {
  fairKey: string;
  id: string;
}

/** The queued work of one class and one priority, in the order in which it is leased. */
export interface Lane extends Position {
  classId: number;
  priority: number;
  /** Its head was leased since it was looked at: it may be empty. */
  begun?: boolean;
}

/** The most lanes of which it is remembered how far they were leased: each costs a look a few microseconds. */
const PASSED_MAX = 128;

/**
 * The lanes that have work, as far as this replica knows, each with where to begin: everything before was leased when
 * it was looked at. Postgres keeps the index entries of leased rows while any snapshot is held that may see them, so a
 * scan from a lane's true head would walk all of them. Only ever a hint: what came in before the place is found by the
 * next look from the head.
 */
export class Lanes {
  readonly #work = new Map<string, Lane>();
  readonly #passed = new Map<string, Lane>();

  /** Lanes with work. */
  withWork(): Lane[] {
    return [...this.#work.values()];
  }

  /** Those of these lanes that still have work, each from where it begins now. */
  still(lanes: readonly Lane[]): Lane[] {
    return lanes.flatMap((lane) => this.#work.get(keyOf(lane)) ?? []);
  }

  /** Where to begin in the lanes that were leased from, those without work included. */
  passed(): Lane[] {
    return [...this.#passed.values()];
  }

  /** Takes over what a look found: these lanes have work from here on, and no others have. */
  saw(heads: readonly Lane[]): void {
    this.#work.clear();
    for (const head of heads) {
      const key = keyOf(head);
      this.#work.set(key, head);
      if (this.#passed.has(key)) this.#passed.set(key, head);
    }
  }

  /** All of these lanes' work is gone. */
  empty(lanes: readonly Lane[]): void {
    for (const lane of lanes) this.#work.delete(keyOf(lane));
  }

  /** All work of this lane up to this place is leased. */
  pass(place: Lane): void {
    const key = keyOf(place);
    if (this.#work.has(key)) this.#work.set(key, { ...place, begun: true });
    this.#passed.delete(key);
    this.#passed.set(key, place);
    for (const oldest of this.#passed.keys()) {
      if (this.#passed.size <= PASSED_MAX) break;
      this.#passed.delete(oldest);
    }
  }
}

/**
 * The first of these lanes, in order, that this many slots may need: as many as there are slots, and as well those among
 * them that may be empty, up to `max` lanes in all.
 */
export function lanesFor(lanes: readonly Lane[], slots: number, max: number): Lane[] {
  let sure = 0;
  for (const [index, lane] of lanes.entries()) {
    if (sure === slots || index === Math.max(slots, max)) return lanes.slice(0, index);
    if (!lane.begun) sure += 1;
  }
  return [...lanes];
}

/** Whose head is leased first. */
export function byHead(a: Lane, b: Lane): number {
  return b.priority - a.priority || Number(a.fairKey) - Number(b.fairKey) || Number(a.id) - Number(b.id);
}

function keyOf({ classId, priority }: Lane): string {
  return `${classId}/${priority}`;
}
