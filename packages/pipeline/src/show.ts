import type { Located } from "./located.ts";

const maxQuotedCharacters = 60;

/** Text of a file as it may stand in a message: in quotes, cut short, on one line, unable to steer a terminal. */
export function quote(text: string): string {
  const short = text.length > maxQuotedCharacters ? `${text.slice(0, maxQuotedCharacters).toWellFormed()}…` : text;
  return JSON.stringify(short).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escape);
}

/** What was found, for a person: `"text"`, `nothing`, `a list of 3`. */
export function describe(value: Located): string {
  switch (value.kind) {
    case "nothing":
      return "nothing";
    case "text":
      return quote(value.text);
    case "list":
      return value.items.length === 0 ? "an empty list" : `a list of ${value.items.length}`;
    case "map":
      return value.entries.size === 0 ? "an empty mapping" : `a mapping of ${value.entries.size}`;
    default:
      return value satisfies never;
  }
}

/** A path as people write it: `workflows.build.steps[0].run`; the file itself is the empty string. */
export function dotted(path: readonly PropertyKey[]): string {
  return path.map(segment).join("").replace(/^\./, "");
}

/** A text from elsewhere that may repeat parts of the file, on one line and cut short. */
export function oneLine(text: string): string {
  return text.slice(0, 200).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ");
}

function segment(part: PropertyKey): string {
  if (typeof part === "number") return `[${part}]`;
  const key = String(part);
  return `.${/^[\w-]{1,60}$/.test(key) ? key : quote(key)}`;
}

function escape(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
