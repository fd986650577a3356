import { sql } from "kysely";
import { connectionAt, type ConnectionName } from "../agents/agent-message.ts";
import type { Lifecycle } from "../agents/desired-state.ts";
import type { Db, Intervals } from "../context.ts";
import type { WorkKindName } from "../db/schema.ts";
import type { Offered } from "../queue/eligibility.ts";
import type { PauseFacts } from "./pauses.ts";

/** An agent, as far as it decides whether it may take work and has a slot for it. */
export interface AgentFacts {
  name: string;
  serves: WorkKindName;
  labels: Record<string, string>;
  machine_id: string;
  hostname: string;
  grant_owners: string[];
  grant_repositories: string[];
  grant_untrusted: boolean;
  lifecycle: Lifecycle;
  connection: ConnectionName;
  /** An operator took its credential away. */
  reset: boolean;
  /** Slots without a workflow. */
  free: number;
  pause: PauseFacts | null;
}

/** Every agent there is, by name. */
export async function readAgents(
  db: Db,
  { healthIntervalMs }: Pick<Intervals, "healthIntervalMs">,
): Promise<AgentFacts[]> {
  const paused = await agentPauses(db);
  const { rows } = await sql<Omit<AgentFacts, "pause"> & { id: string }>`
    with busy as (
      select agent_id, count(*)::integer as slots from workflows where state in ('leased', 'running') group by agent_id
    )
    select agents.id, agents.name, serves, agents.labels, machine_id, hostname,
      grant_owners, grant_repositories, grant_untrusted and backend in ('sandbox', 'container') as grant_untrusted,
      lifecycle, ${connectionAt(healthIntervalMs)} as connection, credential_hash is null as reset,
      greatest(0, capacity - coalesce(busy.slots, 0)) as free
    from agents
    join machines on machines.id = agents.machine_id
    left join busy on busy.agent_id = agents.id
    order by agents.name`.execute(db);
  return rows.map(({ id, ...agent }) => ({ ...agent, pause: paused.get(id) ?? null }));
}

async function agentPauses(db: Db): Promise<Map<string, PauseFacts>> {
  const rows = await db.selectFrom("pauses").selectAll().where("scope", "=", "agent").execute();
  return new Map(rows.map((row) => [row.target, row]));
}

/** What an agent offers, as the matcher's rule takes it. */
export function offeredBy(agent: AgentFacts): Offered {
  const { serves, labels, machine_id, grant_owners, grant_repositories, grant_untrusted } = agent;
  const grants = { owners: grant_owners, repositories: grant_repositories, untrusted: grant_untrusted };
  return { kind: serves, labels, machineId: machine_id, grants };
}
