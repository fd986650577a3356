import { Lexer, type Node, parseDocument } from "yaml";
import { findAliases } from "./aliases.ts";
import { limits } from "./limits.ts";
import { Lines } from "./lines.ts";
import type { Located } from "./located.ts";
import type { Finding, Position } from "./problem.ts";
import { Reader, Refusal } from "./reader.ts";
import { quote } from "./show.ts";
import { positionOf, syntaxFindings } from "./syntax.ts";

/** A pipeline file, or one of several. */
export interface SourceFile {
  /** Only named, never opened. */
  path: string;
  content: string;
}

/** Reads YAML 1.2 into located values. Without a `root` the text is not one YAML document, or beyond a limit. */
export function readYaml({ path, content }: SourceFile): { root?: Located; findings: Finding[] } {
  const start = { path, line: 1, column: 1 };
  if (Buffer.byteLength(content) > limits.fileBytes) return refuse(start, "expected a file of at most 1 MiB");
  if (hasTooManyTokens(content)) return refuse(start, `expected at most ${limits.tokens} YAML tokens, found more`);
  const text = content.replace(/^\uFEFF/, "");
  const lines = new Lines(path, text);
  const document = parseDocument(text, parseOptions);
  const errors = syntaxFindings([...document.errors, ...document.warnings], lines);
  if (errors.length > 0) return { findings: errors };
  if (!document.contents) return refuse(start, "expected a mapping with workflows, found an empty file");
  const { targets, unknown } = findAliases(document);
  if (unknown.length > 0) return { findings: unknown.map((alias) => unknownAlias(lines, alias)) };
  return readAll(new Reader(lines, targets), document.contents);
}

/** Texts stay as they are in the file, tags mean nothing, and keys are compared here: the library's way is quadratic. */
const parseOptions = { schema: "core", resolveKnownTags: false, uniqueKeys: false, prettyErrors: false } as const;

function hasTooManyTokens(content: string): boolean {
  let count = 0;
  for (const _ of new Lexer().lex(content)) if (++count > limits.tokens) return true;
  return false;
}

function readAll(reader: Reader, contents: Node): { root?: Located; findings: Finding[] } {
  try {
    return { root: reader.read(contents), findings: reader.findings };
  } catch (error) {
    if (error instanceof Refusal) return { findings: [...reader.findings, { at: error.at, message: error.message }] };
    throw error;
  }
}

function unknownAlias(lines: Lines, alias: Node & { source: string }): Finding {
  const name = quote(alias.source);
  return { at: positionOf(lines, alias), message: `expected an anchor before its alias, found no anchor ${name}` };
}

function refuse(at: Position, message: string): { findings: Finding[] } {
  return { findings: [{ at, message }] };
}
