import { readFileSync } from "node:fs";
import { isMap, isScalar, LineCounter, parseDocument, type Pair } from "yaml";
import { messageOf, type Given, type Reading } from "./given.ts";
import { keyOf, type Settings } from "./program.ts";

/** What a YAML file of `key: value` says. `settings` are all that may be in it. */
export function readFile(settings: Settings, path: string): Reading {
  try {
    return readText(settings, path, readFileSync(path, "utf8"));
  } catch (error) {
    return problem(`--config: cannot read ${path}: ${messageOf(error)}`);
  }
}

function readText(settings: Settings, path: string, content: string): Reading {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => `${path} line ${lines.linePos(offset).line}`;
  const errors = document.errors.map((error) => `${at(error.pos[0])}: ${error.message}`);
  if (errors.length > 0) return problem(...errors);
  if (document.contents === null) return problem();
  if (!isMap(document.contents)) return problem(`${path}: expected lines of KEY: VALUE`);
  return readEntries(document.contents.items, document.toJS(), settings, at);
}

function problem(...problems: string[]): Reading {
  return { given: new Map(), problems };
}

function readEntries(
  entries: readonly Pair[],
  values: Readonly<Record<string, unknown>>,
  settings: Settings,
  at: (offset: number) => string,
): Reading {
  const known = new Set(Object.values(settings).map(keyOf));
  const given = new Map<string, Given>();
  const problems: string[] = [];
  for (const entry of entries) {
    const key = String(entry.key);
    const where = at((isScalar(entry.key) ? entry.key.range?.[0] : undefined) ?? 0);
    const texts = textsOf(values[key]);
    if (!known.has(key)) problems.push(`${where}: there is no setting "${key}"`);
    else if (texts === undefined)
      problems.push(`${where}: ${key}: expected a text, a number, a list or a map of those`);
    else if (texts.length > 0) given.set(key, { source: "file", where, texts });
  }
  return { given, problems };
}

/** A scalar is one text, a list one for each item, a map one `KEY=VALUE` for each entry, null none. */
function textsOf(value: unknown): string[] | undefined {
  if (value === null || value === undefined) return [];
  if (isPlain(value)) return [String(value)];
  if (Array.isArray(value)) return value.every(isPlain) ? value.map(String) : undefined;
  const entries = Object.entries(value);
  return entries.every(([, item]) => isPlain(item)) ? entries.map((entry) => entry.join("=")) : undefined;
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
