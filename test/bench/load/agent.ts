import type { HeldLease } from "@groundcrew/proto";
import { CallsLane } from "./calls-lane.ts";
import { CallError, LoadConnection } from "./connection.ts";
import type { Lane, LaneKind, RequestOf, ResponseOf, Rpc } from "./lane.ts";
import { SessionLane } from "./session-lane.ts";

/** Who an agent is to a server. */
export interface Identity {
  credential: string;
  generation: string;
}

/** How to make a simulated agent. */
export interface AgentOptions {
  identity: Identity;
  /** "127.0.0.1:PORT" of each replica, in the order to try them. */
  hosts: readonly string[];
  slots: number;
  lane: LaneKind;
}

/** How soon a call is made again when the server is away, in milliseconds, before jitter. */
const AGAIN_MS = 100;

/** A simulated agent: a real connection and real messages, and nothing that runs. */
export class LoadAgent {
  readonly slots: number;
  readonly lane: Lane;
  /** The replica it dials first. */
  readonly host: string;
  /** What it holds, by workflow. */
  readonly held = new Map<string, Pick<HeldLease, "workflowId" | "epoch">>();

  constructor({ identity, hosts, slots, lane }: AgentOptions) {
    const headers = { authorization: `Bearer ${identity.credential}`, "groundcrew-generation": identity.generation };
    const connection = new LoadConnection(hosts, headers);
    this.slots = slots;
    this.host = hosts[0] ?? "";
    this.lane = lane === "calls" ? new CallsLane(connection) : new SessionLane(connection);
  }

  /** Says something, again and again while the server is away. Rejects with a CallError that is no outage. */
  async say<R extends Rpc>(rpc: R, request: RequestOf<R>, signal?: AbortSignal): Promise<ResponseOf<R>> {
    for (;;) {
      try {
        return await this.lane.call(rpc, request);
      } catch (error) {
        if (signal?.aborted || !isOutage(error)) throw error;
        await pause();
      }
    }
  }

  /** Reports its health once. Rejects with a CallError. */
  async reportHealth(): Promise<void> {
    const held = [...this.held.values()];
    await this.lane.call("reportHealth", { freeSlots: Math.max(0, this.slots - held.length), held });
  }

  close(): void {
    this.lane.close();
  }
}

/** Whether the server was away, so that the same may be said again. */
export function isOutage(error: unknown): boolean {
  return error instanceof CallError && error.isOutage;
}

/** Before a call is made again. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, AGAIN_MS * (0.5 + Math.random())));
}
