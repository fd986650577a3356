import { entriesOf, type Located, oneOrMoreOf } from "../located.ts";
import type { Finding } from "../problem.ts";

/** What could not be carried, as it comes up. */
export class Carrier {
  readonly lost: Finding[] = [];

  /** Tells that something of the other file has no place in ours. */
  lose({ at }: { at: Finding["at"] }, message: string): void {
    this.lost.push({ at, message });
  }

  /** Tells each key of a mapping that is not among those that are carried. */
  loseOthers(map: Located | undefined, carried: readonly string[], what: string): void {
    for (const [key, entry] of entriesOf(map)) {
      if (!carried.includes(key)) this.lose(entry, `${what} has \`${key}:\`, which is not carried`);
    }
  }
}

/** A text, or nothing. */
export function textOf(value: Located | undefined): string | undefined {
  return value?.kind === "text" ? value.text : undefined;
}

/** The texts of a list, or of one value that is short for it. */
export function textsOf(value: Located | undefined): string[] {
  return oneOrMoreOf(value).flatMap((item) => textOf(item) ?? []);
}

/** A name as ours may be: what does not fit becomes `-`. */
export function nameFrom(text: string): string {
  const fitting = text
    .replace(/[^A-Za-z0-9._ -]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 63);
  return fitting.trim() === "" ? "unnamed" : fitting.trim();
}

/** Gives each name once: a second `build` is `build 2`. */
export function uniquely(names: Set<string>, wanted: string): string {
  let name = wanted;
  for (let n = 2; names.has(name); n++) name = `${wanted.slice(0, 58)} ${n}`;
  names.add(name);
  return name;
}

/** An object without the entries that are undefined or empty. */
export function filled<T extends object>(entries: T): Partial<T> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => !isEmpty(value))) as Partial<T>;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
