import type { ServerContext } from "../context.ts";
import type { GrantRow } from "../queue/lease.ts";
import { decideWithheld } from "../workflows/rules.ts";
import { applyChanges, releaseWorkflows } from "../workflows/transitions.ts";
import { factsOf, lockWorkflows } from "../workflows/workflow-row.ts";
import { recordUses, type SecretUse } from "./audit.ts";
import { decideSecrets, type Decision } from "./decide.ts";
import { namedSecrets } from "./named.ts";
import type { SecretValue } from "./resolve.ts";

/** A grant with the secrets that its steps name. */
interface Granted {
  row: GrantRow;
  secrets: SecretValue[];
}

/** What became of leased workflows. */
interface Injected {
  granted: Granted[];
  /** Not to be told to the agent: ended, because a secret is missing, or back in the queue, because there is no room. */
  withheld: GrantRow[];
}

/**
 * Adds secrets to leased workflows, at this last moment before their agent hears of them; costs nothing where no step
 * names one. A workflow that cannot have all of its secrets ends `failed` before it starts, with the reason.
 */
export async function withSecrets(context: ServerContext, rows: readonly GrantRow[]): Promise<Injected> {
  const names = new Map(rows.map((row) => [row.id, namedSecrets(row.plan)]));
  const asking = rows.filter(({ id }) => (names.get(id) ?? []).length > 0);
  if (asking.length === 0) return { granted: rows.map((row) => ({ row, secrets: [] })), withheld: [] };
  const decided = await decideSecrets(context, asking, names);
  const granted = rows.flatMap((row) => {
    const decision = decided.get(row.id) ?? NONE_NAMED;
    return decision.kind === "granted" ? [{ row, secrets: decision.secrets }] : [];
  });
  await recordUses(
    context.db,
    asking.flatMap((row) => usesOf(row, decided.get(row.id))),
  );
  const withheld = asking.filter(({ id }) => decided.get(id)?.kind !== "granted");
  if (withheld.length > 0) await withhold(context, withheld, decided);
  return { granted, withheld };
}

const NONE_NAMED: Decision = { kind: "granted", secrets: [], places: [] };

function usesOf({ id, epoch }: GrantRow, decision: Decision | undefined): SecretUse[] {
  if (decision?.kind !== "granted") return [];
  return decision.places.map((place) => ({ ...place, workflow_id: id, epoch }));
}

/** Ends what cannot have its secrets; what only had no room in the answer goes back to the queue. */
async function withhold(
  context: ServerContext,
  rows: readonly GrantRow[],
  decisions: ReadonlyMap<string, Decision>,
): Promise<void> {
  const epochs = new Map(rows.map(({ id, epoch }) => [id, epoch]));
  const topics = await context.db.transaction().execute(async (tx) => {
    const locked = await lockWorkflows(tx, [...epochs.keys()]);
    // One that runs was granted before with the same answer; what it has stays its own.
    const ours = locked.filter(({ id, epoch, state }) => state === "leased" && epochs.get(id) === epoch);
    const full = ours.filter(({ id }) => decisions.get(id)?.kind === "no_room");
    const ended = ours.flatMap((row) => {
      const decision = decisions.get(row.id);
      if (decision?.kind !== "withheld") return [];
      return [{ row, change: decideWithheld(factsOf(row), decision.error), actor: "server" }];
    });
    const requeued = await releaseWorkflows(tx, context, full, "grant_lost", "server");
    return [...requeued, ...(ended.length > 0 ? await applyChanges(tx, context, ended) : [])];
  });
  context.hints.publish(...topics);
}
