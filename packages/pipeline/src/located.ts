import type { Position } from "./problem.ts";

/** A YAML value that knows where it stands. Every scalar is the text in the file, so that `1.10` stays `1.10`. */
export type Located =
  | { kind: "nothing"; at: Position }
  | { kind: "text"; at: Position; text: string }
  | { kind: "list"; at: Position; items: Located[] }
  | { kind: "map"; at: Position; entries: Map<string, Entry> };

/** One entry of a mapping. */
export interface Entry {
  /** Where the key stands. */
  at: Position;
  value: Located;
}

/** The entries of a mapping in the order of the file; none for anything else. */
export function entriesOf(value: Located | undefined): [key: string, entry: Entry][] {
  return value?.kind === "map" ? [...value.entries] : [];
}

/** The value under a key of a mapping. */
export function valueAt(value: Located | undefined, key: string): Located | undefined {
  return value?.kind === "map" ? value.entries.get(key)?.value : undefined;
}

/** The items of a list; none for anything else. */
export function itemsOf(value: Located | undefined): Located[] {
  return value?.kind === "list" ? value.items : [];
}

/** The workflows of a file that need not be right, by base name. */
export function workflowsOf(root: Located): [base: string, entry: Entry][] {
  return entriesOf(valueAt(root, "workflows"));
}

/** The steps of a workflow that need not be right, those of parallel groups in their place. */
export function stepsOf(workflow: Located): Located[] {
  return itemsOf(valueAt(workflow, "steps")).flatMap((item) => {
    const group = valueAt(item, "parallel");
    return group ? itemsOf(group) : [item];
  });
}

/** The items of a list; else the one value, which is short for a list of it. */
export function oneOrMoreOf(value: Located | undefined): Located[] {
  if (!value || value.kind === "nothing") return [];
  return value.kind === "list" ? value.items : [value];
}

/** The value as plain data for a schema: text, null, arrays and objects. */
export function toData(value: Located): unknown {
  switch (value.kind) {
    case "nothing":
      return null;
    case "text":
      return value.text;
    case "list":
      return value.items.map(toData);
    case "map":
      return Object.fromEntries([...value.entries].map(([key, entry]) => [key, toData(entry.value)]));
    default:
      return value satisfies never;
  }
}

/** What stands at a path, and where: for a missing value, the position of the nearest parent. */
export function locate(
  root: Located,
  path: readonly PropertyKey[],
): { at: Position; keyAt: Position; value?: Located } {
  let found = { at: root.at, keyAt: root.at, value: root };
  for (const part of path) {
    const next = childOf(found.value, part);
    if (!next) return { at: found.keyAt, keyAt: found.keyAt };
    found = next;
  }
  return found;
}

function childOf(parent: Located, part: PropertyKey): { at: Position; keyAt: Position; value: Located } | undefined {
  if (parent.kind === "map") {
    const entry = parent.entries.get(String(part));
    return entry && { at: entry.value.at, keyAt: entry.at, value: entry.value };
  }
  const item = parent.kind === "list" ? parent.items[Number(part)] : undefined;
  return item && { at: item.at, keyAt: item.at, value: item };
}
