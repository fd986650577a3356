/** The most things that a sentence names. */
const NAMED_MAX = 3;

/** Things in a sentence: the first few by name, the others counted. */
export function listed(names: readonly string[], count = names.length): string {
  const shown = names.slice(0, NAMED_MAX).join(", ");
  const more = count - Math.min(names.length, NAMED_MAX);
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** "1 workflow", "2 workflows". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A moment in a sentence, to the second. */
export function moment(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
