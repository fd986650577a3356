import type { Dimm } from "../inventory.ts";

/** What the kernel counts for a memory module, or for one rank of it, or for a controller that cannot tell which. */
export interface EdacCount {
  /** The controller, such as `mc0`. */
  controller: string;
  /** What the driver or an administrator calls the module. Empty: it has no name. */
  label: string;
  /** Where it is, in the driver's words, such as `channel 0 slot 1`. Empty: not told. */
  location: string;
  /** Absent: not counted. */
  corrected?: number;
  uncorrected?: number;
}

/** The growth of a module's counts. */
export interface DimmErrors {
  /** `dimm SLOT`, the slot by SMBIOS where the kernel's name for it is one. */
  part: string;
  corrected?: number;
  uncorrected?: number;
}

/**
 * By how much the counts grew, by module. Several entries of one module, which are its ranks, are added up. A count that
 * is there only once is left out; one that fell, because the driver was loaded anew, counts from 0.
 */
export function edacGrowth(
  before: readonly EdacCount[],
  after: readonly EdacCount[],
  dimms: readonly Dimm[] = [],
): DimmErrors[] {
  const first = new Map(before.map((count) => [keyOf(count), count]));
  const byPart = new Map<string, DimmErrors>();
  for (const count of after) {
    const earlier = first.get(keyOf(count));
    if (earlier === undefined) continue;
    const part = `dimm ${slotOf(count, dimms)}`;
    const sum = byPart.get(part) ?? { part };
    byPart.set(part, {
      part,
      ...grown("corrected", sum, earlier, count),
      ...grown("uncorrected", sum, earlier, count),
    });
  }
  return [...byPart.values()];
}

/** The slot's name on the board where one can be told from the kernel's label, else the label, else the place. */
function slotOf({ controller, label, location }: EdacCount, dimms: readonly Dimm[]): string {
  const wanted = plain(label);
  const slots = dimms.flatMap(({ locator, bank }) => (locator === undefined ? [] : [{ locator, bank: bank ?? "" }]));
  const found = slots.filter(
    ({ locator, bank }) => wanted !== "" && [locator, bank + locator, locator + bank].map(plain).includes(wanted),
  );
  // A locator that stands several times names no one slot; its bank does.
  const [slot] = found;
  if (slot !== undefined && found.length === 1) return slot.locator;
  return label === "" ? [controller, location].filter((text) => text !== "").join(" ") : label;
}

function grown(field: "corrected" | "uncorrected", sum: DimmErrors, before: EdacCount, after: EdacCount) {
  const [first, last] = [before[field], after[field]];
  if (first === undefined || last === undefined) return sum[field] === undefined ? {} : { [field]: sum[field] };
  return { [field]: (sum[field] ?? 0) + (last < first ? last : last - first) };
}

function keyOf({ controller, label, location }: EdacCount): string {
  return JSON.stringify([controller, label, location]);
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "");
}
