import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml";
import { limits } from "./limits.ts";
import type { Lines } from "./lines.ts";
import type { Entry, Located } from "./located.ts";
import type { Finding, Position } from "./problem.ts";
import { repeated } from "./repeats.ts";
import { describe } from "./show.ts";
import { positionOf, tooDeep } from "./syntax.ts";

const tooMany = `expected at most ${limits.values} values, aliases expanded, found more`;

/** Thrown where a limit stops the reading of a file. */
export class Refusal extends Error {
  readonly at: Position;

  constructor(at: Position, message: string) {
    super(message);
    this.at = at;
  }
}

/** Turns nodes into located values, within the limits however often aliases repeat a value. */
export class Reader {
  /** What is wrong so far in any mapping or text, whatever the format. */
  readonly findings: Finding[] = [];
  readonly #lines: Lines;
  readonly #targets: ReadonlyMap<Node, Node>;
  /** The collections being read, outermost first: an alias to one of them would have no end. */
  readonly #open = new Set<Node>();
  #values = 0;

  constructor(lines: Lines, targets: ReadonlyMap<Node, Node>) {
    this.#lines = lines;
    this.#targets = targets;
  }

  /** Throws a Refusal where a limit is met. */
  read(node: Node): Located {
    const at = positionOf(this.#lines, node);
    if (++this.#values > limits.values) throw new Refusal(at, tooMany);
    if (isAlias(node)) return this.#readTarget(node, at);
    if (isScalar(node)) return this.#readScalar(node, at);
    if (this.#open.size >= limits.depth) throw new Refusal(at, tooDeep);
    this.#open.add(node);
    const value = this.#readCollection(node, at);
    this.#open.delete(node);
    return value;
  }

  #readTarget(alias: Node, at: Position): Located {
    const target = this.#targets.get(alias);
    if (!target || this.#open.has(target))
      throw new Refusal(at, "expected an alias of a value that is complete, found one inside its own value");
    return this.read(target);
  }

  #readScalar(node: Scalar, at: Position): Located {
    if (node.value === null) return { kind: "nothing", at };
    const text = node.source ?? "";
    if (text.includes("\0") || !text.isWellFormed())
      this.findings.push({ at, message: "expected text, found a NUL or half of a surrogate pair in it" });
    return { kind: "text", at, text };
  }

  #readCollection(node: Node, at: Position): Located {
    if (isMap<Node, Node | null>(node)) return { kind: "map", at, entries: this.#readEntries(node) };
    const items = isSeq<Node>(node) ? node.items : [];
    return { kind: "list", at, items: items.map((item) => this.read(item)) };
  }

  #readEntries(map: YAMLMap<Node, Node | null>): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const { key, value } of map.items) {
      const at = positionOf(this.#lines, key);
      const name = this.#readKey(key);
      const read: Located = value ? this.read(value) : { kind: "nothing", at };
      if (name === undefined) continue;
      const first = entries.get(name);
      if (first) this.findings.push(repeated({ at, where: "the key", text: name, first: first.at }));
      else entries.set(name, { at, value: read });
    }
    return entries;
  }

  #readKey(node: Node): string | undefined {
    const key = this.read(node);
    // A property of this name would change the prototype of the object that it is copied to.
    if (key.kind === "text" && key.text !== "__proto__") return key.text;
    this.findings.push({ at: key.at, message: `expected a text as key, found ${describe(key)}` });
    return undefined;
  }
}
