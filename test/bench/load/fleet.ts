import { LoadAgent } from "./agent.ts";
import { enrolAgents, type EnrolOptions } from "./enrol.ts";
import { renewLeases, reportHealth } from "./keep-alive.ts";
import type { LaneKind } from "./lane.ts";
import { Ledger } from "./ledger.ts";
import { WorkLoop } from "./work-loop.ts";

/** How a fleet works. */
export interface FleetOptions {
  /** Done carries the next poll. */
  carryNext?: boolean;
  /** Reports its health every so many milliseconds. Undefined: never. */
  healthMs?: number;
  /** Renews its leases every so many milliseconds. Undefined: never. */
  renewMs?: number;
}

/** Agents to add to a fleet, and the lane they take. */
export type NewAgents = Omit<EnrolOptions, "first"> & { lane: LaneKind };

/** All simulated agents of a process. */
export class Fleet {
  readonly ledger = new Ledger();
  readonly #agents: LoadAgent[] = [];
  readonly #loops: WorkLoop[] = [];
  #gate = Promise.withResolvers<void>();

  constructor() {
    this.#gate.resolve();
  }

  /** Enrols agents and makes their connections. */
  async enrol({ lane, ...options }: NewAgents): Promise<void> {
    const identities = await enrolAgents({ ...options, first: this.#agents.length });
    for (const [index, identity] of identities.entries()) {
      const hosts = rotated(options.hosts, index);
      this.#agents.push(new LoadAgent({ identity, hosts, slots: options.slots, lane }));
    }
  }

  /** Those who were enrolled since the last time take work from now on. */
  work({ carryNext = false, healthMs, renewMs }: FleetOptions): void {
    for (const agent of this.#agents.slice(this.#loops.length)) {
      const loop = new WorkLoop({ agent, ledger: this.ledger, carryNext, gate: () => this.#gate.promise });
      this.#loops.push(loop);
      loop.start();
      if (healthMs !== undefined) reportHealth(agent, this.ledger, healthMs);
      if (renewMs !== undefined) renewLeases(agent, this.ledger, renewMs);
    }
  }

  /** Workflows that are started from now on go on running. */
  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  /** Those that were held go on. */
  release(): void {
    this.#gate.resolve();
  }

  /** Resolves once the server holds a poll of every agent with a free slot. */
  async untilPolling(): Promise<void> {
    await Promise.all(this.#loops.filter(({ isFull }) => !isFull).map(({ poll }) => poll.untilHeld()));
  }

  /** How many polls were answered so far. */
  get answers(): number {
    return this.#loops.reduce((sum, { poll }) => sum + poll.answers, 0);
  }

  /** Resolves once every agent that dialled this replica first has been granted something from now on. */
  async untilGranted(host: string): Promise<void> {
    const since = performance.now();
    const theirs = this.#loops.filter(({ agent }) => agent.host === host);
    while (theirs.some(({ lastGrantMs }) => !(lastGrantMs > since))) {
      await this.ledger.until("granted", this.ledger.granted + 1);
    }
  }

  /** All ask for nothing more, and leave. */
  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }
}

function rotated(hosts: readonly string[], by: number): string[] {
  const start = by % hosts.length;
  return [...hosts.slice(start), ...hosts.slice(0, start)];
}
