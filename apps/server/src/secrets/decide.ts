import { sql } from "kysely";
import type { Db, ServerContext } from "../context.ts";
import type { SecretScopeName } from "../db/schema.ts";
import type { GrantRow } from "../queue/lease.ts";
import type { KeyRing } from "./key-ring.ts";
import { resolveSecrets, WORKFLOW_SECRETS_MAX_BYTES, type Asker, type SecretValue } from "./resolve.ts";
import { unseal, UnreadableSecret, type SecretPlace } from "./seal.ts";

/** All secrets of one answer, in bytes: with 4 MiB of plans it stays below the largest message. */
const ANSWER_SECRETS_MAX_BYTES = 2 * 1024 * 1024;

/** What a workflow gets. */
export type Decision =
  | { kind: "granted"; secrets: SecretValue[]; places: SecretPlace[] }
  | { kind: "withheld"; error: string }
  | { kind: "no_room" };

/** Decides what leased workflows get that name secrets, in one statement. */
export async function decideSecrets(
  { db, keys }: ServerContext,
  asking: readonly GrantRow[],
  names: ReadonlyMap<string, string[]>,
): Promise<Map<string, Decision>> {
  const found = Map.groupBy(await readSecrets(db, asking, names), ({ workflow_id }) => workflow_id);
  const decisions = new Map<string, Decision>();
  let room = ANSWER_SECRETS_MAX_BYTES;
  for (const row of asking) {
    const decision = decideOne(keys, row, names.get(row.id) ?? [], found.get(row.id) ?? []);
    const bytes = decision.kind === "granted" ? sizeOf(decision.secrets) : 0;
    decisions.set(row.id, bytes > room ? { kind: "no_room" } : decision);
    room -= bytes > room ? 0 : bytes;
  }
  return decisions;
}

/** A secret that a workflow may get; without a name where there is none. */
interface Found {
  workflow_id: string;
  owner: string;
  repository: string;
  trusted: boolean;
  secrets_granted: boolean;
  scope: SecretScopeName;
  target: string;
  name: string | null;
  events: string[];
  key_id: string;
  sealed: Uint8Array;
}

async function readSecrets(
  db: Db,
  asking: readonly GrantRow[],
  names: ReadonlyMap<string, string[]>,
): Promise<Found[]> {
  const all = [...new Set(asking.flatMap(({ id }) => names.get(id) ?? []))];
  const { rows } = await sql<Found>`
    select w.id as workflow_id, c.owner, c.repository, c.trusted, w.secrets_granted,
      s.scope, s.target, s.name, s.events, s.key_id, s.sealed
    from workflows w
    join label_classes c on c.id = w.class_id
    left join secrets s on s.name = any (${all}::text[]) and (
      (s.scope = 'repository' and s.target = c.repository) or (s.scope = 'owner' and s.target = c.owner))
    where w.id = any (${asking.map(({ id }) => id)}::bigint[])`.execute(db);
  return rows;
}

function decideOne(keys: KeyRing, row: GrantRow, names: readonly string[], found: readonly Found[]): Decision {
  const [any] = found;
  if (!any) return { kind: "withheld", error: "it vanished while its secrets were read" };
  const stored = found.flatMap((secret) => (secret.name === null ? [] : [{ ...secret, name: secret.name }]));
  const resolution = resolveSecrets(askerOf(row, any, names), stored);
  if (resolution.kind === "withheld") return resolution;
  try {
    const places = resolution.secrets.map(({ scope, target, name }) => ({ scope, target, name }));
    const secrets = resolution.secrets.map((secret) => ({ name: secret.name, value: unseal(keys, secret) }));
    if (sizeOf(secrets) <= WORKFLOW_SECRETS_MAX_BYTES) return { kind: "granted", secrets, places };
    return { kind: "withheld", error: `its secrets have ${sizeOf(secrets)} bytes together; at most 512 KiB are given` };
  } catch (error) {
    if (error instanceof UnreadableSecret) return { kind: "withheld", error: error.message };
    throw error;
  }
}

function askerOf({ id, plan }: GrantRow, found: Found, names: readonly string[]): Asker {
  const { repository, owner, trusted, secrets_granted: secretsGranted } = found;
  const event = (plan.kind === "build" ? plan.trigger?.event : undefined) ?? "manual";
  return { id, repository, owner, trusted, secretsGranted, event, names };
}

function sizeOf(secrets: readonly SecretValue[]): number {
  return secrets.reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
}
