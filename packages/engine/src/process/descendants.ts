import { listProcesses } from "./process-tree.ts";
import { parentOf } from "./process-identity.ts";

/** The processes below a process, whatever groups and sessions they made, from the oldest id on. Zombies have ended. */
export async function descendantsOf(ancestor: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for (const pid of await listProcesses()) {
    const parent = parentOf(pid);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: number[] = [];
  for (
    let next = children.get(ancestor) ?? [];
    next.length > 0;
    next = next.flatMap((pid) => children.get(pid) ?? [])
  ) {
    found.push(...next);
  }
  return found;
}
