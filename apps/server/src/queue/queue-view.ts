import type { Db } from "../context.ts";
import { LabelClasses, type LabelClass } from "./classes.ts";
import { byHead, Lanes, type Lane } from "./lanes.ts";
import type { LeaseResult } from "./lease.ts";
import { look } from "./look.ts";
import type { OpenLane } from "./pools.ts";

/** A look from the heads of all lanes is had as often as it takes at most this share of the time. */
const HEADS_SHARE = 1 / 20;

/** The queue as this replica saw it last: which lanes have work, and what is paused. */
export class QueueView {
  readonly #now: () => number;
  readonly #classes = new LabelClasses();
  readonly #lanes = new Lanes();
  #paused = { queue: false, repositories: new Set<string>(), agents: new Set<string>() };
  #outdated = true;
  #headsDueAt = 0;

  /** `now` is a clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Something was queued or paused since the last look, or may have been. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** Notes that. */
  outdate(): void {
    this.#outdated = true;
  }

  /**
   * Looks at the queue: from the heads of all lanes when asked to or when that is due, else from where they were passed.
   * Returns how long work that came in before these places may stay unseen, in milliseconds; 0: there is none.
   */
  async look(db: Db, { fromHeads }: { fromHeads: boolean }): Promise<number> {
    const startedAt = this.#now();
    const heads = fromHeads || startedAt >= this.#headsDueAt;
    // A hint that comes while it looks counts.
    this.#outdated = false;
    try {
      this.#saw(await look(db, this.#classes.newest, heads ? [] : this.#lanes.passed()));
    } catch (error) {
      this.#outdated = true;
      throw error;
    }
    const endedAt = this.#now();
    if (heads) this.#headsDueAt = endedAt + (endedAt - startedAt) / HEADS_SHARE;
    return heads ? 0 : Math.max(1, this.#headsDueAt - endedAt);
  }

  /** The lanes that have work and are not paused, in the order in which their work goes. */
  open(): OpenLane[] {
    if (this.#paused.queue) return [];
    return this.#lanes
      .withWork()
      .toSorted(byHead)
      .flatMap((lane) => {
        const wanted = this.#classes.get(lane.classId);
        return wanted && !this.#isPaused(wanted) ? { lane, wanted } : [];
      });
  }

  /** Those of these lanes that still have work. */
  still(lanes: readonly Lane[]): Lane[] {
    return this.#lanes.still(lanes);
  }

  /** Whether an agent is paused. */
  isPaused(agentId: string): boolean {
    return this.#paused.agents.has(agentId);
  }

  /** The pool of a class, within which owners take turns. */
  poolOf(classId: number): string | undefined {
    return this.#classes.get(classId)?.pool;
  }

  /** Takes over what a statement says of the lanes that it leased from. */
  leasedFrom(lanes: readonly Lane[], { leased, found, slots }: LeaseResult): void {
    // Others hold what was found and not leased: it may come back.
    if (leased.length < found) return;
    for (const { class_id: classId, priority, fair_key: fairKey, id } of leased) {
      this.#lanes.pass({ classId, priority, fairKey, id });
    }
    if (found < slots) this.#lanes.empty(lanes);
  }

  #saw({ lanes, pauses, classes }: Awaited<ReturnType<typeof look>>): void {
    const targets = (scope: string) => pauses.flatMap((pause) => (pause.scope === scope ? pause.target : []));
    this.#classes.learn(classes);
    this.#lanes.saw(lanes);
    this.#paused = {
      queue: targets("queue").length > 0,
      repositories: new Set(targets("repository")),
      agents: new Set(targets("agent")),
    };
  }

  #isPaused({ repository }: LabelClass): boolean {
    return this.#paused.repositories.has(repository);
  }
}
