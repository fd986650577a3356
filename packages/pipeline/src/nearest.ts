import { quote } from "./show.ts";

/** More edits than this make another word. */
const maxEdits = 3;

/** The name a person most likely meant: the closest within one edit for every three characters, the case aside. */
export function nearest(found: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Math.min(maxEdits, Math.max(1, Math.floor(found.length / 3))) + 1;
  for (const name of names) {
    if (Math.abs(name.length - found.length) > maxEdits) continue;
    const edits = countEdits(found.toLowerCase(), name.toLowerCase());
    if (edits < fewest) [best, fewest] = [name, edits];
  }
  return best;
}

/** `; did you mean "NAME"?`, or nothing when no name is near. */
export function didYouMean(found: string, names: Iterable<string>): string {
  const name = nearest(found, names);
  return name === undefined ? "" : `; did you mean ${quote(name)}?`;
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn one text into the other (optimal string
 * alignment), exact up to `maxEdits`: only that many places off the diagonal are filled in.
 */
function countEdits(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: Math.min(to.length, maxEdits) + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = Math.max(1, i - maxEdits); j <= Math.min(to.length, i + maxEdits); j++) {
      const replaced = at(last, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = swaps ? at(beforeLast, j - 2) + 1 : Infinity;
      row[j] = Math.min(replaced, swapped, at(last, j) + 1, at(row, j - 1) + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, to.length);
}

/** Places that were not filled in are too far off. */
function at(row: number[], index: number): number {
  return row[index] ?? Infinity;
}
