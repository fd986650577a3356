/** How many runs of a batch may go on at once. */
export interface BatchLimits {
  /** Of one rack. Null: any number. */
  perRack: number | null;
  /** The watts of their machines together. Null: any number. */
  maxWatts: number | null;
  /** The least time from one start to the next, in milliseconds. */
  staggerMs: number;
}

/** A run of a batch that has not ended. */
export interface Member {
  id: string;
  rack: string;
  watts: number;
  /** It has a place: it is queued, leased or running. */
  placed: boolean;
}

/**
 * The runs to let into the queue now, in their order: one that does not fit does not keep back those after it. With a
 * stagger it is one at most, and none before its time. `sinceLastMs`: since one was let in; undefined: none was.
 */
export function admissible(
  members: readonly Member[],
  { perRack, maxWatts, staggerMs }: BatchLimits,
  sinceLastMs: number | undefined,
): string[] {
  if (sinceLastMs !== undefined && sinceLastMs < staggerMs) return [];
  const placed = members.filter((member) => member.placed);
  const racks = new Map<string, number>();
  for (const { rack } of placed) racks.set(rack, (racks.get(rack) ?? 0) + 1);
  let watts = placed.reduce((sum, member) => sum + member.watts, 0);
  const admitted: string[] = [];
  for (const member of members) {
    const inRack = racks.get(member.rack) ?? 0;
    const fits = inRack < (perRack ?? Infinity) && watts + member.watts <= (maxWatts ?? Infinity);
    if (member.placed || !fits || (staggerMs > 0 && admitted.length > 0)) continue;
    racks.set(member.rack, inRack + 1);
    watts += member.watts;
    admitted.push(member.id);
  }
  return admitted;
}
