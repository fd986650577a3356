import type { Comparing } from "./comparison.ts";

/** Parts of one kind, against the entries of a specification. */
export interface Matching<Part, Entry extends { count: number }> {
  /** The specification's field, such as `disks`. */
  field: string;
  wanted: readonly Entry[];
  /** Undefined: the inventory could not list them. */
  found: readonly Part[] | undefined;
  /** Whether a part is what an entry speaks of. */
  fits: (part: Part, entry: Entry) => boolean;
  /** For people. */
  describeEntry: (entry: Entry) => string;
  describePart: (part: Part) => string;
  /** True: parts that no entry speaks of are allowed. Default false. */
  othersAllowed?: boolean;
}

/**
 * Compares counts. Each part is counted for one entry, so that as many entries as can be have what they want: `2 disks of
 * 1 TB` and `1 disk of this serial` are three disks. Returns the parts of each entry.
 */
export function matchParts<Part, Entry extends { count: number }>(
  comparing: Comparing,
  matching: Matching<Part, Entry>,
): Map<Entry, Part[]> {
  const { field, wanted, found, describeEntry } = matching;
  if (found === undefined) {
    comparing.notFound(field, wanted.map((entry) => `${entry.count} × ${describeEntry(entry)}`).join(", ") || "none");
    return new Map();
  }
  const { taken, left } = assign(matching, found);
  wanted.forEach((entry, index) => {
    const count = taken.get(entry)?.length ?? 0;
    const what = describeEntry(entry);
    comparing.check(`${field}[${index}]`, count === entry.count, `${entry.count} × ${what}`, `${count} × ${what}`);
  });
  if (matching.othersAllowed !== true) {
    const others = left.map(matching.describePart).join(", ");
    comparing.check(field, left.length === 0, "no others", others);
  }
  return taken;
}

function assign<Part, Entry extends { count: number }>(
  { wanted, fits, othersAllowed }: Matching<Part, Entry>,
  found: readonly Part[],
): { taken: Map<Entry, Part[]>; left: Part[] } {
  const taken = new Map<Entry, Part[]>(wanted.map((entry) => [entry, []]));
  const place = (part: Part, tried: Set<Entry>): boolean => {
    const entries = wanted.filter((entry) => !tried.has(entry) && fits(part, entry));
    const open = entries.find((entry) => (taken.get(entry) ?? []).length < entry.count);
    if (open !== undefined) taken.get(open)?.push(part);
    return open !== undefined || entries.some((entry) => makeRoom(entry, part, tried));
  };
  // Another part of a full entry may fit an open one, as may one that has to make room for it in turn.
  const makeRoom = (entry: Entry, part: Part, tried: Set<Entry>): boolean => {
    if (tried.has(entry)) return false;
    tried.add(entry);
    const parts = taken.get(entry) ?? [];
    const index = parts.findIndex((each) => place(each, tried));
    if (index >= 0) parts[index] = part;
    return index >= 0;
  };
  const over = found.filter((part) => !place(part, new Set()));
  // One too many of a kind is told as that, where the kind may not be there as often as it likes.
  const kindOf = (part: Part) => (othersAllowed === true ? undefined : wanted.find((entry) => fits(part, entry)));
  for (const part of over) taken.get(kindOf(part) as Entry)?.push(part);
  return { taken, left: over.filter((part) => kindOf(part) === undefined) };
}
