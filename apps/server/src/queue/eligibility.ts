import type { WorkKindName } from "../db/schema.ts";
import { labelMisses, type LabelMiss } from "./labels.ts";

/** What a workflow asks of an agent, and whose it is: its label class. */
export interface Wanted {
  kind: WorkKindName;
  labels: Record<string, string>;
  /** The only machine it may run on. Null: any. */
  machineId: string | null;
  /** The repository without its last part. Empty: nobody's. */
  owner: string;
  /** Empty: none. */
  repository: string;
  /** False: the work of strangers. */
  trusted: boolean;
}

/** Whose work an agent may take. Empty lists: anybody's. */
export interface Grants {
  owners: readonly string[];
  repositories: readonly string[];
  /** Also the work of strangers. */
  untrusted: boolean;
}

/** What an agent offers, and whose work it may take. */
export interface Offered {
  kind: WorkKindName;
  labels: Record<string, string>;
  machineId: string;
  grants: Grants;
}

/** One thing that keeps an agent from taking work. */
export type Miss =
  | LabelMiss
  | { kind: "serves"; wanted: WorkKindName }
  | { kind: "machine"; wanted: string }
  | { kind: "owner"; wanted: string }
  | { kind: "repository"; wanted: string }
  | { kind: "untrusted" };

/**
 * All that keeps an agent from taking work of a class, the weightiest first. Empty: it may take it. Labels are the
 * author's wish, grants the operator's rule; both must hold. Pauses, free slots and the agent's lifecycle are not
 * asked here.
 */
export function misses(offered: Offered, wanted: Wanted): Miss[] {
  return [
    ...placeMisses(offered, wanted),
    ...grantMisses(offered.grants, wanted),
    ...labelMisses(offered.labels, wanted.labels),
  ];
}

/** Whether an agent may take work of a class. */
export function takes(offered: Offered, wanted: Wanted): boolean {
  return misses(offered, wanted).length === 0;
}

function placeMisses(offered: Offered, wanted: Wanted): Miss[] {
  const found: Miss[] = [];
  if (offered.kind !== wanted.kind) found.push({ kind: "serves", wanted: wanted.kind });
  if (wanted.machineId !== null && wanted.machineId !== offered.machineId) {
    found.push({ kind: "machine", wanted: wanted.machineId });
  }
  return found;
}

function grantMisses({ owners, repositories, untrusted }: Grants, wanted: Wanted): Miss[] {
  const found: Miss[] = [];
  if (owners.length > 0 && !owners.includes(wanted.owner)) found.push({ kind: "owner", wanted: wanted.owner });
  if (repositories.length > 0 && !repositories.includes(wanted.repository)) {
    found.push({ kind: "repository", wanted: wanted.repository });
  }
  if (!wanted.trusted && !untrusted) found.push({ kind: "untrusted" });
  return found;
}
