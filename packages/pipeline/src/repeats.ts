import type { Finding, Position } from "./problem.ts";
import { oneLine, quote } from "./show.ts";

/** A finding for each text that stood before, however often. */
export function repeats(where: string, texts: { text: string; at: Position }[]): Finding[] {
  const seen = new Map<string, Position>();
  return texts.flatMap(({ text, at }) => {
    const first = seen.get(text);
    if (first) return [repeated({ at, where, text, first })];
    seen.set(text, at);
    return [];
  });
}

/** The finding that a text which may stand once stood before. */
export function repeated(options: { at: Position; where: string; text: string; first: Position }): Finding {
  const { at, where, text, first } = options;
  const elsewhere = first.path === at.path ? "" : ` of ${oneLine(first.path)}`;
  return { at, message: `${where} ${quote(text)} is on line ${first.line}${elsewhere} already` };
}
