import type { LabelClass } from "./classes.ts";
import { takes, type Offered } from "./eligibility.ts";

/** What agents offer that may take the same classes, wherever they run. */
export interface Profile extends Omit<Offered, "machineId"> {
  /** The classes it was asked about, and whether its agents may take them on the right machine. */
  readonly decided: Map<number, boolean>;
}

/** The most decisions to remember, some 100 bytes each. A fleet has few profiles, and few classes have work. */
const DECIDED_MAX = 500_000;

/** Who offers what: agents that offer the same share a profile, so that a class is matched once for all of them. */
export class Profiles {
  #known = new Map<string, Profile>();
  #decisions = 0;

  /** The profile of an offer. */
  of({ kind, labels, grants }: Omit<Offered, "machineId">): Profile {
    const { owners, repositories, untrusted } = grants;
    const pairs = Object.entries(labels).map((pair) => JSON.stringify(pair));
    const parts = [kind, pairs.toSorted(byText), owners, repositories, untrusted];
    return this.#known.getOrInsertComputed(JSON.stringify(parts), () => ({ kind, labels, grants, decided: new Map() }));
  }

  /** Whether agents of this profile may take a class, on the machine that it is pinned to if it is. */
  mayTake(profile: Profile, wanted: LabelClass): boolean {
    const known = profile.decided.get(wanted.id);
    if (known !== undefined) return known;
    const decision = takes({ ...profile, machineId: wanted.machineId ?? "" }, wanted);
    this.#remember(profile, wanted.id, decision);
    return decision;
  }

  #remember(profile: Profile, classId: number, decision: boolean): void {
    if (++this.#decisions > DECIDED_MAX) {
      for (const { decided } of this.#known.values()) decided.clear();
      this.#decisions = 1;
    }
    profile.decided.set(classId, decision);
  }

  /** Forgets all profiles but these. */
  keep(used: ReadonlySet<Profile>): void {
    this.#known = new Map([...this.#known].filter(([, profile]) => used.has(profile)));
  }
}

function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
