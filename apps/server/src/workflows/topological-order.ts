/** What depends on what, by name. */
interface Node {
  name: string;
  dependsOn: readonly { name: string }[];
}

/** The nodes with each one after all that it depends on, otherwise in the order given. There must be no cycle. */
export function topologicalOrder<T extends Node>(nodes: readonly T[]): T[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const ordered = new Set<T>();
  const visit = (node: T): void => {
    if (ordered.has(node)) return;
    for (const { name } of node.dependsOn) {
      const parent = byName.get(name);
      if (parent) visit(parent);
    }
    ordered.add(node);
  };
  for (const node of nodes) visit(node);
  return [...ordered];
}
