import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { Hints } from "../db/hints.ts";
import type { WorkKindName } from "../db/schema.ts";
import { type Profile, Profiles } from "./profiles.ts";

/** An agent as this replica knows it. */
export interface KnownAgent {
  readonly id: string;
  generation: string;
  ready: boolean;
  capacity: number;
  machineId: string;
  profile: Profile;
  /**
   * The epochs it may hold: those it held when it was read, and those granted to it here since. At least what it holds,
   * but for what another replica grants it meanwhile.
   */
  held: Set<string>;
  /** When it was read and when it last asked, in milliseconds of the given clock. */
  readAt: number;
  askedAt: number;
  /** Ends hearing of its changes. */
  forget: () => void;
}

/** An agent that has not asked for this long is forgotten, in milliseconds. */
const FORGET_MS = 10 * 60_000;

/** An agent that asks all the time is read again this often, in milliseconds, in case a hint was lost. */
const REREAD_MS = 30_000;

/** The most agents that are read again at once. */
const REREAD_MAX = 1_000;

interface AgentRow {
  id: string;
  generation: string;
  lifecycle: string;
  capacity: number;
  machine_id: string;
  serves: WorkKindName;
  labels: Record<string, string>;
  grant_owners: string[];
  grant_repositories: string[];
  grant_untrusted: boolean;
  held: string[];
}

/**
 * The agents that ask this replica for work, read in bulk when they are new, when a hint says that one changed, and now
 * and then. What is known of them only chooses; the statement that leases checks it.
 *
 * How much an agent holds is kept here and not counted in each lease: the index entries of leases that ended stay for
 * as long as any snapshot is held that may see them, and each count would walk all of the agent's.
 */
export class KnownAgents {
  readonly profiles = new Profiles();
  readonly #hints: Hints;
  readonly #now: () => number;
  readonly #onChange: () => void;
  /** In the order of their last grants, or of when they first asked. */
  readonly #known = new Map<string, KnownAgent>();
  /** Those that may have changed since they were read. */
  readonly #stale = new Set<string>();

  constructor(options: { hints: Hints; now: () => number; onChange: () => void }) {
    this.#hints = options.hints;
    this.#now = options.now;
    this.#onChange = options.onChange;
  }

  /** An agent that was read. */
  get(id: string): KnownAgent | undefined {
    return this.#known.get(id);
  }

  /** All of them, the one longest without a grant of this replica first. */
  byIdleness(): Iterable<KnownAgent> {
    return this.#known.values();
  }

  /** Whether an agent must be read before it can be matched for a process of this generation. */
  mustRead(id: string, generation: string): boolean {
    const agent = this.#known.get(id);
    if (!agent) return true;
    agent.askedAt = this.#now();
    return BigInt(generation) > BigInt(agent.generation);
  }

  /** Notes that an agent may not be what is known of it. */
  doubt({ id }: KnownAgent): void {
    this.#stale.add(id);
  }

  /** Those that may have changed since they were read and that somebody wants. */
  changed(wanted: (id: string) => boolean): string[] {
    return [...this.#stale].filter(wanted);
  }

  /** Reads agents, in one statement however many. */
  async read(db: Db, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    // A hint that comes while they are read counts.
    for (const id of ids) this.#stale.delete(this.#entry(id).id);
    try {
      for (const row of await readAgents(db, ids)) this.#take(row);
    } catch (error) {
      for (const id of ids) this.#stale.add(id);
      throw error;
    }
  }

  /** Notes a grant: of all agents, this one has waited the least. */
  granted(agent: KnownAgent, grants: readonly { epoch: string }[]): void {
    this.#known.delete(agent.id);
    this.#known.set(agent.id, agent);
    for (const { epoch } of grants) agent.held.add(epoch);
  }

  /** Notes that an agent no longer holds a lease. */
  released(id: string, epoch: string): void {
    this.#known.get(id)?.held.delete(epoch);
  }

  /** Agents to read again in case a hint was lost: those that cannot take work now, and those read long ago. */
  doubtful(ids: Iterable<string>): string[] {
    const long = this.#now() - REREAD_MS;
    const agents = [...ids].flatMap((id) => this.#known.get(id) ?? []);
    return agents
      .filter(({ ready, readAt }) => !ready || readAt < long)
      .toSorted((a, b) => a.readAt - b.readAt)
      .slice(0, REREAD_MAX)
      .map(({ id }) => id);
  }

  /** Forgets agents that have not asked for long, but for those that are wanted. */
  forgetGone(wanted: (id: string) => boolean): void {
    const long = this.#now() - FORGET_MS;
    for (const agent of this.#known.values()) if (agent.askedAt < long && !wanted(agent.id)) this.#forget(agent);
    this.profiles.keep(new Set([...this.#known.values()].map(({ profile }) => profile)));
  }

  /** Ends hearing of changes. */
  stop(): void {
    for (const agent of this.#known.values()) this.#forget(agent);
  }

  #forget({ id, forget }: KnownAgent): void {
    forget();
    this.#known.delete(id);
    this.#stale.delete(id);
  }

  #entry(id: string): KnownAgent {
    return this.#known.getOrInsertComputed(id, () => {
      const agent = this.#unread(id);
      agent.forget = this.#hints.on(`agent:${id}`, () => {
        this.#stale.add(id);
        this.#onChange();
      });
      return agent;
    });
  }

  #unread(id: string): KnownAgent {
    const grants = { owners: [], repositories: [], untrusted: false };
    return {
      id,
      generation: "0",
      ready: false,
      capacity: 0,
      machineId: "",
      profile: this.profiles.of({ kind: "build", labels: {}, grants }),
      held: new Set(),
      readAt: this.#now(),
      askedAt: this.#now(),
      forget: () => undefined,
    };
  }

  #take(row: AgentRow): void {
    const { grant_owners: owners, grant_repositories: repositories, grant_untrusted: untrusted } = row;
    const offer = { kind: row.serves, labels: row.labels, grants: { owners, repositories, untrusted } };
    Object.assign(this.#entry(row.id), {
      generation: row.generation,
      ready: row.lifecycle === "ready",
      capacity: row.capacity,
      machineId: row.machine_id,
      profile: this.profiles.of(offer),
      held: new Set(row.held),
      readAt: this.#now(),
    } satisfies Partial<KnownAgent>);
  }
}

async function readAgents(db: Db, ids: readonly string[]): Promise<AgentRow[]> {
  const { rows } = await sql<AgentRow>`
    select a.id, a.generation, a.lifecycle, a.capacity, a.machine_id, a.serves, a.labels,
      a.grant_owners, a.grant_repositories, a.grant_untrusted and a.backend in ('sandbox', 'container') as grant_untrusted,
      array(select w.epoch from workflows w where w.agent_id = a.id and w.state in ('leased', 'running')) as held
    from agents a
    where a.id = any (${ids}::uuid[])`.execute(db);
  return rows;
}
