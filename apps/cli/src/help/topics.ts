import { environmentVariables } from "../environment.ts";
import { exitCodeMeanings } from "../exit-codes.ts";

/** A page of `crew help TOPIC`: things and what they mean. */
export interface Topic {
  name: string;
  summary: string;
  entries: readonly { term: string; meaning: string }[];
}

/** The topics that are not commands. */
export const topics: readonly Topic[] = [
  {
    name: "exit-codes",
    summary: "What crew exits with.",
    entries: exitCodeMeanings.map(({ code, meaning }) => ({ term: String(code), meaning })),
  },
  {
    name: "environment",
    summary: "The environment variables that crew reads.",
    entries: environmentVariables.map(({ name, meaning }) => ({ term: name, meaning })),
  },
];

/** The lines of a topic. */
export function renderTopic({ summary, entries }: Topic): string[] {
  const width = Math.max(...entries.map(({ term }) => term.length));
  return [summary, "", ...entries.map(({ term, meaning }) => `  ${term.padEnd(width)}  ${meaning}`)];
}
