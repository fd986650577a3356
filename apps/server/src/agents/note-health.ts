import { sql } from "kysely";
import type { Db } from "../context.ts";
import { json } from "../db/json.ts";
import type { Caller } from "./caller.ts";
import type { Lifecycle } from "./desired-state.ts";

/** How many of an agent's own log lines are kept. */
export const LOG_LINES_MAX = 50;

/** How an agent says it is. */
export interface Health {
  load1m: number;
  capabilities: string[];
  /** Its own log lines since the last report. */
  lines: string[];
  /** It stops as planned. */
  bye: boolean;
}

/** What the server knows of the agent whose process reported. */
export interface Heard {
  /** The generation of its newest process. */
  newest: string;
  /** Null: the process was superseded, and nothing of its report was noted. */
  lifecycle: Lifecycle | null;
  /** How many workflows it may run at once. */
  capacity: number;
  /** Whether directives wait for the process. */
  directed: boolean;
  /** How its machine is held. Null: it is not, or the agent does not vet. */
  hold: { workflowId: string; reason: string; sshPublicKey: string } | null;
}

/** Names an agent's process. */
export function processOf({ agentId, generation }: Pick<Caller, "agentId" | "generation">): string {
  return `${agentId}/${generation}`;
}

/** Notes what agents say of themselves, in one statement. Returns what it heard by {@link processOf}. */
export async function noteHealth(
  db: Db,
  reports: readonly { caller: Caller; health: Health }[],
): Promise<Map<string, Heard>> {
  const { rows } = await sql<Heard & { agent_id: string; generation: string }>`
    with said as (
      select said.*, a.generation as newest, a.capacity, a.serves, a.machine_id
      from jsonb_to_recordset(${json([...merged(reports).values()])}) as said (
        "agentId" uuid, generation bigint, load1m double precision, capabilities text[], lines text[], bye boolean
      )
      join agents a on a.id = said."agentId"
      order by a.id for update of a
    ), heard as (
      -- A process that was superseded says nothing about its successor. Bye is the last word of a process, even when an
      -- earlier report comes after it.
      update agents a
      set load_1m = said.load1m, capabilities = said.capabilities,
        last_seen_at = case when said.bye or a.disconnected_at is null then now() else a.last_seen_at end,
        disconnected_at = case when said.bye then now() else a.disconnected_at end,
        recent_log = case when said.lines = '{}' then recent_log else (recent_log || said.lines)
          [greatest(1, cardinality(recent_log) + cardinality(said.lines) - ${LOG_LINES_MAX - 1}::integer):] end
      from said where a.id = said."agentId" and said.generation = said.newest
      returning a.id, a.lifecycle
    )
    select said."agentId" as agent_id, said.generation, said.newest, heard.lifecycle, said.capacity, exists (
      select from directives d
      where d.agent_id = said."agentId" and d.generation = said.generation and d.acknowledged_at is null
    ) as directed, case when said.serves = 'vetting' then (
      select jsonb_build_object('workflowId', v.workflow_id::text, 'sshPublicKey', coalesce(k.public_key, ''),
        'reason', concat_ws(': ', v.run -> 'held' ->> 'stage', v.run -> 'held' ->> 'reason'))
      from vetting_runs v join workflows w on w.id = v.workflow_id
      left join vetting_hold_keys k on k.workflow_id = v.workflow_id
      where v.machine_id = said.machine_id and v.held_since is not null
        and w.state = 'blocked' and w.block_reason = 'holding'
      limit 1
    ) end as hold
    from said left join heard on heard.id = said."agentId" and said.generation = said.newest`.execute(db);
  return new Map(
    rows.map(({ agent_id: agentId, generation, ...heard }) => [processOf({ agentId, generation }), heard]),
  );
}

type Said = Health & Pick<Caller, "agentId" | "generation">;

/** What each process said last, with all the log lines that it sent: one that asks again is in a batch twice. */
function merged(reports: readonly { caller: Caller; health: Health }[]): Map<string, Said> {
  const said = new Map<string, Said>();
  for (const { caller, health } of reports) {
    const { agentId, generation } = caller;
    const before = said.get(processOf(caller));
    const lines = [...(before?.lines ?? []), ...health.lines].slice(-LOG_LINES_MAX);
    const bye = health.bye || before?.bye === true;
    said.set(processOf(caller), { ...health, lines, bye, agentId, generation });
  }
  return said;
}
