import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "..", "..");

/** A page for people, taken apart. */
export interface Page {
  /** Its path in the checkout. */
  path: string;
  headings: string[];
  /** What its links lead to, as written. */
  links: string[];
  /** Fenced blocks. */
  blocks: { language: string; text: string }[];
  /** What stands between single backticks. */
  spans: string[];
}

/** Every page that people read. */
export async function readPages(): Promise<Page[]> {
  const found = await Array.fromAsync(glob(["*.md", "docs/**/*.md", "{apps,packages}/*/*.md"], { cwd: ROOT }));
  return Promise.all(found.toSorted().map(readPage));
}

async function readPage(path: string): Promise<Page> {
  const text = await readFile(join(ROOT, path), "utf8");
  const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = "", text = ""]) => ({
    language,
    text,
  }));
  const prose = text.replaceAll(/^```.*?^```$/gms, "");
  return {
    path,
    headings: [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading),
    links: [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target),
    blocks,
    spans: [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span),
  };
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** What a page tells people to type: lines of shell blocks, with continued lines joined, and what is in backticks. */
export function commandsOf({ blocks, spans }: Page): string[] {
  const shell = blocks.filter(({ language }) => language === "sh" || language === "ini");
  const lines = shell.flatMap(({ text }) => text.replaceAll("\\\n", " ").split("\n"));
  return [...lines.map((line) => line.replace(/(^| )#.*/, "")), ...spans];
}
