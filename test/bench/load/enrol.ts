import { PeerService, WorkKind } from "@groundcrew/proto";
import { PROTOCOL_MAX } from "@groundcrew/rpc";
import type { Identity } from "./agent.ts";
import { LoadConnection } from "./connection.ts";

/** Registrations at once. */
const AT_ONCE = 64;

/** What to enrol. */
export interface EnrolOptions {
  hosts: readonly string[];
  /** Reusable enrolment tokens. Undefined: a bare limit, which knows no agents. */
  tokens: readonly string[] | undefined;
  count: number;
  slots: number;
  /** The number of the first one, which is in its name. */
  first: number;
}

/** Enrols agents, all with the same labels: none. */
export async function enrolAgents({ hosts, tokens, count, slots, first }: EnrolOptions): Promise<Identity[]> {
  if (tokens === undefined) return Array.from({ length: count }, () => ({ credential: "none", generation: "1" }));
  const connections = tokens.map((token) => new LoadConnection(hosts, { authorization: `Bearer ${token}` }));
  const identities: Identity[] = [];
  const enrol = async (index: number): Promise<void> => {
    const info = describe(`agent-${first + index}`, slots);
    const request = { info, protocolVersion: PROTOCOL_MAX };
    const connection = connections[index % connections.length];
    const registered = await connection?.unary(PeerService.method.registerAgent, request);
    if (registered) identities[index] = { credential: registered.credential, generation: registered.generation };
  };
  for (let done = 0; done < count; done += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - done) }, (_, i) => enrol(done + i));
    await Promise.all(batch);
  }
  for (const connection of connections) connection.close();
  return identities;
}

function describe(name: string, capacity: number) {
  return {
    name,
    platform: "linux/x64",
    backend: "local",
    version: "0.0.0",
    capacity,
    serves: WorkKind.BUILD,
    bootId: name,
    machine: {},
  };
}
