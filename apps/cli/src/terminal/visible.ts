// Text from a server or a build is hostile: a terminal must not obey it.

// Control characters (C0, C1, DEL), and those that reorder or hide text.
const unsafe = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
// The only escape sequence let through: Select Graphic Rendition, which sets colours (ECMA-48 §8.3.117).
// oxlint-disable-next-line no-control-regex -- it is the control character that is looked for
const sgr = /(\x1b\[[0-9;:]*m)/;

const decoder = new TextDecoder("utf-8");

function mark(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
  return code === 0x7f ? "^?" : `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}

/** Makes every control character of a name or message visible, line breaks and tabs included. */
export function visible(text: string): string {
  return text.replace(unsafe, mark);
}

/**
 * Makes one log line safe for a terminal: tabs, and with `colour` the colours, stay; every other control character
 * becomes visible. A carriage return right at the end is dropped, and colours end with the line.
 */
export function visibleLog(line: Uint8Array, colour: boolean): string {
  const text = decoder.decode(line).replace(/\r$/, "");
  const parts = text.split(sgr);
  const shown = parts.map((part, index) => (index % 2 === 1 ? part : part.replace(unsafe, keepTab)));
  if (!colour) return shown.filter((_, index) => index % 2 === 0).join("");
  return parts.length > 1 ? `${shown.join("")}\x1b[0m` : shown.join("");
}

function keepTab(character: string): string {
  return character === "\t" ? character : mark(character);
}
