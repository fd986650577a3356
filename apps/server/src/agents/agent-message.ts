import { create } from "@bufbuild/protobuf";
import { AgentConnection, AgentOfferSchema, AgentSchema, type Agent } from "@groundcrew/proto";
import { sql, type SelectQueryBuilder } from "kysely";
import type { Db, Intervals } from "../context.ts";
import { timestampOf, workKindOf } from "../names.ts";
import { pauseMessage } from "../pauses/pause-message.ts";
import { desiredStateOf } from "./desired-state.ts";
import { grantsMessage } from "./grants.ts";

/** Where an agent's connection stands, derived when it is read. */
export type ConnectionName = "connecting" | "connected" | "disconnected" | "timed_out";

const CONNECTIONS: Record<ConnectionName, AgentConnection> = {
  connecting: AgentConnection.CONNECTING,
  connected: AgentConnection.CONNECTED,
  disconnected: AgentConnection.DISCONNECTED,
  timed_out: AgentConnection.TIMED_OUT,
};

/** Agents with what {@link agentMessage} takes: their connection as it is now, what they hold, and their pause. */
export function selectAgents(db: Db, intervals: Pick<Intervals, "healthIntervalMs">) {
  return db
    .selectFrom("agents")
    .leftJoin("pauses", (join) =>
      join.on("pauses.scope", "=", "agent").on("pauses.target", "=", sql<string>`agents.id::text`),
    )
    .selectAll("agents")
    .select([
      "pauses.paused_by",
      "pauses.paused_at",
      "pauses.reason as pause_reason",
      connectionAt(intervals.healthIntervalMs).as("connection"),
      sql<string[]>`array(
        select w.id from workflows w where w.agent_id = agents.id and w.state in ('leased', 'running') order by w.id
      )`.as("workflow_ids"),
    ]);
}

/** A row of {@link selectAgents}. */
type ShownAgent =
  ReturnType<typeof selectAgents> extends SelectQueryBuilder<infer _Db, infer _Tables, infer Row> ? Row : never;

/**
 * Where the connection of an agent's row stands now, by the database's clock. One that registered and was never heard
 * of again has not been connecting for ever since.
 */
export function connectionAt(healthIntervalMs: number) {
  return sql<ConnectionName>`case
    when disconnected_at >= coalesce(last_seen_at, disconnected_at) then 'disconnected'
    when coalesce(last_seen_at, registered_at) < now() - ${2 * healthIntervalMs} * interval '1 millisecond' then 'timed_out'
    when last_seen_at is null then 'connecting'
    else 'connected'
  end`;
}

/** An agent as the contract has it, with its own log lines unless it is one of a list. */
export function agentMessage(row: ShownAgent, { recentLog }: { recentLog: boolean }): Agent {
  return create(AgentSchema, {
    id: row.id,
    name: row.name,
    serves: workKindOf(row.serves),
    platform: row.platform,
    backend: row.backend,
    version: row.version,
    capacity: row.capacity,
    busy: row.workflow_ids.length,
    labels: row.labels,
    capabilities: row.capabilities,
    connection: CONNECTIONS[row.connection],
    desiredState: desiredStateOf(row.lifecycle),
    generation: row.generation,
    machineId: row.machine_id,
    load1m: row.load_1m,
    createdAt: timestampOf(row.created_at),
    lastSeenAt: timestampOf(row.last_seen_at),
    workflowIds: row.workflow_ids,
    recentLog: recentLog ? row.recent_log : [],
    grants: grantsMessage(row),
    ...ownOf(row),
    ...pauseOf(row),
  });
}

function ownOf({ labels, capacity, own_labels, own_capacity }: ShownAgent): Pick<Agent, "own"> {
  if (own_labels === null && own_capacity === null) return {};
  return { own: create(AgentOfferSchema, { labels: own_labels ?? labels, capacity: own_capacity ?? capacity }) };
}

function pauseOf({ name, paused_by, paused_at, pause_reason }: ShownAgent): Pick<Agent, "pause"> {
  if (paused_by === null || paused_at === null) return {};
  const pause = { scope: "agent", target: name, paused_by, paused_at, reason: pause_reason ?? "" } as const;
  return { pause: pauseMessage(pause) };
}
