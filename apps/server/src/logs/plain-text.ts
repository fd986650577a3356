import { stripVTControlCharacters } from "node:util";

const ESCAPE = 0x1b;

/** Whether there may be escape sequences of terminals in these bytes. */
export function hasEscape(text: Uint8Array): boolean {
  return text.includes(ESCAPE);
}

/** A line without the escape sequences of terminals. Where it has any, bytes that are not UTF-8 are replaced. */
export function plainText(text: Uint8Array): Uint8Array {
  if (!hasEscape(text)) return text;
  return Buffer.from(stripVTControlCharacters(Buffer.from(text).toString()));
}
