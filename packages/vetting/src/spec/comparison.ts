/** What a field of a specification wants, and what was found instead. */
export interface Difference {
  /** Where the specification says it, such as `disks[0].count`; or `disks` for a part that no entry speaks of. */
  field: string;
  wanted: string;
  found: string;
  /** `fail`: it was seen, and is not as wanted. `error`: it could not be seen. */
  verdict: "fail" | "error";
}

/** A machine against its specification. */
export interface Comparison {
  /** How many fields were compared. */
  compared: number;
  differences: Difference[];
  /** What the specification wants and nothing here can tell, with why. */
  unseen: { what: string; why: string }[];
}

/** Collects a {@link Comparison}, field by field. */
export class Comparing implements Comparison {
  compared = 0;
  readonly differences: Difference[] = [];
  readonly unseen: Comparison["unseen"] = [];

  /** Notes that a field was compared, and what is wrong with it when it does not hold. */
  check(field: string, holds: boolean, wanted: string, found: string): void {
    this.compared += 1;
    if (!holds) this.differences.push({ field, wanted, found, verdict: "fail" });
  }

  /** A value that must be exactly so. Not wanted: not compared. Not found: an error. */
  equal(field: string, wanted: string | number | undefined, found: string | number | undefined): void {
    if (wanted === undefined) return;
    if (found === undefined) return this.notFound(field, String(wanted));
    this.check(field, String(wanted) === String(found), String(wanted), String(found));
  }

  /** What is wanted could not be seen. */
  notFound(field: string, wanted: string): void {
    this.compared += 1;
    this.differences.push({ field, wanted, found: "not told by the inventory", verdict: "error" });
  }
}
