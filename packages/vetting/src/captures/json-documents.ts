import { asObject, parseJson } from "../parsers/json.ts";

/**
 * The JSON objects that stand in a text one after another, each on lines of its own, with other lines before or between
 * them. An object that is cut off is left out.
 */
export function jsonDocuments(text: string): Record<string, unknown>[] {
  const whole = asObject(parseJson(text));
  if (whole) return [whole];
  // A tool that prints objects one after another begins and ends each at the start of a line.
  const documents = [...text.matchAll(/^\{\s*$[\s\S]*?^\}\s*$/gm)].map(([document]) => asObject(parseJson(document)));
  return documents.filter((document) => document !== undefined);
}
