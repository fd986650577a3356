import { type Alias, type Document, type Node, visit } from "yaml";

/** What each alias of a document stands for, and the aliases that stand for nothing. */
interface Aliases {
  targets: ReadonlyMap<Node, Node>;
  unknown: Alias[];
}

/**
 * Finds the last node with its anchor before each alias, in one pass: the library's own `alias.resolve` takes a pass
 * for each alias, which a hostile file makes quadratic.
 */
export function findAliases(document: Document): Aliases {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  const unknown: Alias[] = [];
  visit(document, {
    Alias(_, alias) {
      const target = anchors.get(alias.source);
      if (target) targets.set(alias, target);
      else unknown.push(alias);
    },
    Value(_, node) {
      if (node.anchor) anchors.set(node.anchor, node);
    },
  });
  return { targets, unknown };
}
