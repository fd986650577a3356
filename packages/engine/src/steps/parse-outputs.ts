/** What a step wrote to its output file: values by name. */
export type ParsedOutputs = { ok: true; values: Map<string, string> } | { ok: false; line: number; message: string };

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/;

/**
 * Reads `name=value` lines, and values of several lines as `name<<END`, the lines, `END`. Empty lines say nothing; of a
 * name that is written twice the last value counts. Lines count from 1.
 */
export function parseOutputs(text: string): ParsedOutputs {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  const values = new Map<string, string>();
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line.trim() === "") continue;
    const entry = readEntry(lines, at);
    if ("message" in entry) return { ok: false, line: at + 1, message: entry.message };
    values.set(entry.name, entry.value);
    at = entry.end;
  }
  return { ok: true, values };
}

type Entry = { name: string; value: string; end: number } | { message: string };

function readEntry(lines: readonly string[], at: number): Entry {
  const line = lines[at] ?? "";
  const [, name = "", operator = "", rest = ""] = /^([^=<]*)(=|<<)(.*)$/s.exec(line) ?? [];
  if (operator === "") return { message: `${show(line)}: expected name=value or name<<END` };
  if (!NAME.test(name)) return { message: `the name ${show(name)}: expected letters, digits, '_' or '-'` };
  if (operator === "=") return { name, value: rest, end: at };
  const end = rest === "" ? -1 : lines.indexOf(rest, at + 1);
  if (end === -1) return { message: `${show(line)}: no later line is ${show(rest)}` };
  return { name, value: lines.slice(at + 1, end).join("\n"), end };
}

function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
