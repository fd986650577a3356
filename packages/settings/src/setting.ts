import { formatDuration, parseDuration } from "./duration.ts";

/** One thing a program can be told. Made by the constructors below, which know the type of the value. */
export interface Setting<T> {
  /** The flag as help shows it: `--listen <host:port>`, or `--verbose` for one that takes no value. */
  readonly flag: string;
  /** Full name of the environment variable that sets it; none: not settable there. */
  readonly env?: string;
  /** One sentence for `--help`. */
  readonly description: string;
  readonly default?: T;
  /** The default as `--help` shows it, when `String(default)` would not read well. */
  readonly defaultText?: string;
  /** Keeps the value out of error messages and help. */
  readonly secret?: boolean;
  /** The program does not start without it. */
  readonly required?: boolean;
  /** Turns text from a flag, the environment or a file into the value; throws `Error("expected …")`. */
  parse(text: string): T;
  /** Present where the setting may be given several times: makes one value of all. Else the last flag wins. */
  merge?(values: readonly T[]): T;
}

/** What a caller says about a setting; the constructor adds how to read it. */
type Spec<T> = Omit<Setting<T>, "parse" | "merge">;

/** `T`, or also `undefined` where nothing promises a value. */
type Value<S, T> = S extends { required: true } | { default: {} } ? T : T | undefined;

/** A setting of a type of your own: `parse` throws `Error("expected …")`. */
export function custom<T, const S extends Spec<T>>(spec: S, parse: (text: string) => T): Setting<Value<S, T>> {
  return { ...spec, parse };
}

/** Any text but none at all. */
export function text<const S extends Spec<string>>(spec: S): Setting<Value<S, string>> {
  return custom<string, S>(spec, (given) => {
    if (given === "") throw new Error("expected some text");
    return given;
  });
}

/** A whole number within `min` and `max`, both allowed. */
export function integer<const S extends Spec<number> & { min?: number; max?: number }>(
  spec: S,
): Setting<Value<S, number>> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = spec;
  return custom<number, S>(spec, (given) => {
    const number = /^-?\d+$/.test(given) ? Number(given) : Number.NaN;
    if (!(number >= min && number <= max)) throw new Error(`expected a whole number${rangeText(spec)}`);
    return number;
  });
}

function rangeText({ min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

/** A length of time with its unit (`250ms`, `30s`, `5m`, `2h`, `1d`), in milliseconds. */
export function duration<const S extends Spec<number> & { minMs?: number; maxMs?: number }>(
  spec: S,
): Setting<Value<S, number>> {
  const { minMs = 0, maxMs = Number.MAX_SAFE_INTEGER } = spec;
  const read = (given: string): number => {
    const ms = parseDuration(given);
    if (ms < minMs) throw new Error(`expected at least ${formatDuration(minMs)}`);
    if (ms > maxMs) throw new Error(`expected at most ${formatDuration(maxMs)}`);
    return ms;
  };
  return custom<number, S>(withDefaultText(spec, formatDuration), read);
}

/** One of `values`. */
export function choice<const V extends string, const S extends Spec<V>>(
  spec: S & { values: readonly V[] },
): Setting<Value<S, V>> {
  return custom<V, S>(spec, (given) => {
    const value = spec.values.find((one) => one === given);
    if (value === undefined) throw new Error(`expected ${spec.values.join(", ").replace(/, (?=[^,]*$)/, " or ")}`);
    return value;
  });
}

/** On or off; a bare flag is on. Default: off. */
export function boolean(spec: Spec<boolean>): Setting<boolean> {
  return { default: false, ...spec, parse: readBoolean };
}

function readBoolean(given: string): boolean {
  if (/^(true|yes|on|1)$/i.test(given)) return true;
  if (/^(false|no|off|0)$/i.test(given)) return false;
  throw new Error("expected true or false");
}

/** Texts, separated by commas or given one at a time. Default: none. */
export function list(spec: Spec<readonly string[]>): Setting<readonly string[]> {
  const full = { default: [], ...spec };
  return { defaultText: full.default.join(","), ...full, parse: readList, merge: (lists) => lists.flat() };
}

function readList(given: string): string[] {
  const items = given.split(",").map((item) => item.trim());
  return items.filter((item) => item !== "");
}

/**
 * `KEY=VALUE`, separated by commas or given one at a time; a later key wins. Only a comma with another `KEY=` after it
 * separates, so that a value may hold commas. Default: none.
 */
export function pairs(spec: Spec<Record<string, string>>): Setting<Record<string, string>> {
  const full = { default: {}, ...spec };
  const defaultText = Object.entries(full.default)
    .map((pair) => pair.join("="))
    .join(",");
  return { defaultText, ...full, parse: readPairs, merge: mergePairs };
}

function readPairs(given: string): Record<string, string> {
  const parts = given.split(/,(?=\s*!?\w[\w./-]*=)/);
  return Object.fromEntries(parts.map(readPair));
}

function readPair(part: string): readonly [string, string] {
  const [, key, value] = /^\s*(!?\w[\w./-]*)=(.*)$/s.exec(part) ?? [];
  if (key === undefined || value === undefined) throw new Error("expected KEY=VALUE, such as os=linux");
  return [key, value];
}

function mergePairs(records: readonly Record<string, string>[]): Record<string, string> {
  return Object.fromEntries(records.flatMap(Object.entries<string>));
}

/** Where to listen: `port` 0 asks for a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, IPv6 hosts in brackets. */
export function address<const S extends Spec<Address>>(spec: S): Setting<Value<S, Address>> {
  return custom<Address, S>(withDefaultText(spec, formatAddress), (given) => {
    const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(given);
    const port = Number(match?.[3]);
    const host = match?.[1] ?? match?.[2];
    if (host === undefined || !(port <= 65_535)) throw new Error("expected HOST:PORT, such as 127.0.0.1:7070");
    return { host, port };
  });
}

function formatAddress({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function withDefaultText<T, S extends Spec<T>>(spec: S, format: (value: T) => string): S {
  return spec.default === undefined ? spec : { defaultText: format(spec.default), ...spec };
}
