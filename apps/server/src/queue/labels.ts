import type { WorkKindName } from "../db/schema.ts";

/** What a workflow asks of an agent: its label class. */
export interface Wanted {
  kind: WorkKindName;
  labels: Record<string, string>;
  /** The machine it is pinned to. */
  machineId: string | null;
}

/** What an agent offers. */
export interface Offered {
  kind: WorkKindName;
  labels: Record<string, string>;
  machineId: string;
}

/**
 * Whether an agent may run work of a class: the same kind, the pinned machine, and every wanted label with the same
 * value or with the agent's `*`. A label `!key` of the agent means that it takes only work that asks for `key`.
 */
export function matches(offered: Offered, wanted: Wanted): boolean {
  if (offered.kind !== wanted.kind) return false;
  if (wanted.machineId !== null && wanted.machineId !== offered.machineId) return false;
  const asked = Object.entries(wanted.labels).every(([key, value]) => offers(offered.labels, key, value));
  const insisted = Object.keys(offered.labels).every(
    (key) => !key.startsWith("!") || Object.hasOwn(wanted.labels, key.slice(1)),
  );
  return asked && insisted;
}

function offers(labels: Record<string, string>, key: string, value: string): boolean {
  const own = Object.hasOwn(labels, key) ? labels[key] : insisted(labels, key);
  return own === value || own === "*";
}

function insisted(labels: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(labels, `!${key}`) ? labels[`!${key}`] : undefined;
}
