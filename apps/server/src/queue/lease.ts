import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { WorkflowPlanRow } from "../workflows/plan.ts";
import type { Lane } from "./lanes.ts";

/** A workflow granted to an agent, as read from its row. */
export interface GrantRow {
  id: string;
  epoch: string;
  pipeline_id: string | null;
  name: string;
  attempt: number;
  timeout_ms: number;
  plan: WorkflowPlanRow;
  /** The names of the workflows that it waited for. */
  depends_on: string[];
  /** Nobody vouches for who wrote it. */
  untrusted: boolean;
}

/** A poll that work is leased for. */
interface Taker {
  agentId: string;
  generation: string;
  pollId: string;
}

/** What to lease for whom. */
export interface LeaseRequest {
  takers: readonly Taker[];
  /** The taker of each slot, by its index; the first slot gets what goes first. */
  slots: readonly number[];
  /** The lanes that all of the takers may take from. */
  lanes: readonly Lane[];
  leaseTtlMs: number;
  /** This process, for the history. */
  replica: string;
}

/** A workflow that was leased. */
export interface LeasedRow extends GrantRow {
  /** Whose it is: the taker's index. */
  taker: number;
  class_id: number;
  priority: number;
  fair_key: string;
}

/** What came of it. */
export interface LeaseResult {
  leased: LeasedRow[];
  /** How many slots there were, without those of takers that were refused. */
  slots: number;
  /** How many queued workflows were seen for them. More than were leased: others hold the rest, or it did not fit. */
  found: number;
  /** Takers that may take nothing, or not all of these lanes, by their index. */
  refused: number[];
}

/**
 * An answer is filled with plans until it holds this many bytes. A plan is at most about 1 MiB, so that the answer
 * stays well below the largest message.
 */
const ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * Leases queued work to many polls, highest priority first, then by turns, then oldest first, in one statement that no
 * other replica can interleave with.
 *
 * Who asks and what is paused is checked in it as well, for the matcher knows both only as they were: an agent that was
 * superseded, is not ready, is paused, or is not granted all of the lanes' work gets nothing. The candidates are first
 * read without locks, and then only as many rows of each lane are locked as are to be leased, so that another replica
 * finds the others.
 */
export async function lease(db: Db, request: LeaseRequest): Promise<LeaseResult> {
  const { takers, slots, lanes, leaseTtlMs, replica } = request;
  const { rows } = await sql<Outcome & ({ id: null } | LeasedRow)>`
    with lanes as materialized (
      select l.*, c.owner, c.repository, c.trusted
      from unnest(
        ${lanes.map(({ classId }) => classId)}::integer[], ${lanes.map(({ priority }) => priority)}::integer[],
        ${lanes.map(({ fairKey }) => fairKey)}::bigint[], ${lanes.map(({ id }) => id)}::bigint[]
      ) with ordinality as l (class_id, priority, fair_key, id, n)
      join label_classes c on c.id = l.class_id
      where not exists (select from pauses p where p.scope = 'repository' and p.target = c.repository)
    ), asked as (
      select * from unnest(
        ${takers.map(({ agentId }) => agentId)}::uuid[], ${takers.map(({ generation }) => generation)}::bigint[],
        ${takers.map(({ pollId }) => pollId)}::text[]
      ) with ordinality as a (agent_id, generation, poll_id, taker)
    ), takers as materialized (
      select asked.taker, asked.poll_id, a.id, a.name
      from asked
      join agents a on a.id = asked.agent_id and a.generation = asked.generation and a.lifecycle = 'ready'
      where not exists (
          select from pauses p where p.scope = 'queue' or (p.scope = 'agent' and p.target = a.id::text)
        )
        and ((a.grant_untrusted and a.backend in ('sandbox', 'container')) or not exists (select from lanes where not trusted))
        and ((a.grant_owners = '{}' and a.grant_repositories = '{}') or not exists (
          select from lanes
          where (a.grant_owners <> '{}' and owner <> all (a.grant_owners))
            or (a.grant_repositories <> '{}' and repository <> all (a.grant_repositories))
        ))
    ), slots as materialized (
      select takers.*, s.n
      from unnest(${slots.map((taker) => taker + 1)}::bigint[]) with ordinality as s (taker, n)
      join takers using (taker)
    ), found as materialized (
      select lanes.n
      from lanes
      cross join lateral (
        select w.priority, w.fair_key, w.id from workflows w
        where w.state = 'queued' and w.class_id = lanes.class_id and w.priority = lanes.priority
          and (w.fair_key, w.id) >= (lanes.fair_key, lanes.id)
        order by w.fair_key, w.id
        limit (select count(*) from slots)
      ) w
      order by w.priority desc, w.fair_key, w.id
      limit (select count(*) from slots)
    ), locked as materialized (
      select w.*
      from (select n, count(*) as rows from found group by n) share
      join lanes using (n)
      cross join lateral (
        select w.ctid as row, w.priority, w.fair_key, w.id, ${planBytes} as bytes from workflows w
        where w.state = 'queued' and w.class_id = lanes.class_id and w.priority = lanes.priority
          and (w.fair_key, w.id) >= (lanes.fair_key, lanes.id)
        order by w.fair_key, w.id
        limit share.rows
        for update skip locked
      ) w
    ), given as (
      select z.*, sum(bytes) over (partition by taker order by place) - bytes as bytes_before
      -- Arrays side by side, because a join of what the planner knows nothing about would go through all pairs.
      from unnest(
        array(select row from locked order by priority desc, fair_key, id),
        array(select bytes from locked order by priority desc, fair_key, id),
        array(select taker from slots order by n), array(select id from slots order by n),
        array(select name from slots order by n), array(select poll_id from slots order by n)
      ) with ordinality as z (row, bytes, taker, agent_id, agent_name, poll_id, place)
      where place <= (select count(*) from locked)
    ), leased as (
      -- By place, for locked rows stay where they are. A plan that was made while the table was small and is kept while
      -- it grows must not read all of it: this one is chosen over that as long as few rows are expected here.
      update workflows w
      set state = 'leased', epoch = nextval('lease_epoch'), agent_id = given.agent_id, agent_name = given.agent_name,
        poll_id = given.poll_id, received = false, leased_at = now(),
        expires_at = now() + ${leaseTtlMs} * interval '1 millisecond'
      from given
      where w.ctid = given.row and given.bytes_before < ${ANSWER_BYTES}
      returning (given.taker - 1)::integer as taker, w.id, w.epoch, w.pipeline_id, w.name, w.attempt, w.timeout_ms,
        w.plan, w.depends_on, w.class_id, w.priority, w.fair_key, w.agent_id, w.agent_name
    ), held as (
      insert into leases (epoch, workflow_id, agent_id) select epoch, id, agent_id from leased
    ), history as (
      insert into workflow_events (workflow_id, from_state, to_state, epoch, actor, replica)
      select id, 'queued', 'leased', epoch, agent_name, ${replica} from leased order by id
    )
    select leased.*, outcome.*,
      exists (select from label_classes c where c.id = leased.class_id and not c.trusted) as untrusted
    from (
      select (select count(*)::integer from found) as found, (select count(*)::integer from slots) as slots,
        array(select (taker - 1)::integer from asked where taker not in (select taker from takers)) as refused
    ) outcome
    left join leased on true
    order by leased.priority desc, leased.fair_key, leased.id`.execute(db);
  const { found = 0, slots: open = 0, refused = [] } = rows[0] ?? {};
  return { leased: rows.filter((row) => row.id !== null), found, slots: open, refused };
}

type Outcome = Omit<LeaseResult, "leased">;

// The stored size says what a plan takes, unless it is compressed: only then is it worth reading it.
const planBytes = sql`
  case when pg_column_compression(w.plan) is null then pg_column_size(w.plan) else octet_length(w.plan::text) end`;

/** A poll that was asked before, and what it still holds of what it was granted then. */
export interface GrantedBefore extends GrantRow {
  agent_id: string;
  poll_id: string;
}

/** What these polls were granted before and still hold, in one statement: the answers to questions asked twice. */
export async function grantedBefore(
  db: Db,
  polls: readonly { agentId: string; pollId: string }[],
): Promise<GrantedBefore[]> {
  const { rows } = await sql<GrantedBefore>`
    select w.agent_id, w.poll_id, w.id, w.epoch, w.pipeline_id, w.name, w.attempt, w.timeout_ms, w.plan,
      w.depends_on, exists (select from label_classes c where c.id = w.class_id and not c.trusted) as untrusted
    from unnest(${polls.map(({ agentId }) => agentId)}::uuid[], ${polls.map(({ pollId }) => pollId)}::text[])
      as p (agent_id, poll_id)
    join workflows w on w.agent_id = p.agent_id and w.poll_id = p.poll_id and w.state in ('leased', 'running')
    order by w.priority desc, w.fair_key, w.id`.execute(db);
  return rows;
}
