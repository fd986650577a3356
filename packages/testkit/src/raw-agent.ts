import { PeerService, WorkKind, type AgentInfo, type Grant } from "@groundcrew/proto";
import { createClient, dial, PROTOCOL_MAX, type Client } from "@groundcrew/rpc";
import { randomBytes, randomUUID } from "node:crypto";
import { enrolmentToken } from "./agent.ts";
import { atEnd, type Owner } from "./at-end.ts";
import type { TestServer } from "./server.ts";

/** What an agent says about itself; what is left out is filled in. */
export type RawAgentInfo = Partial<Omit<AgentInfo, "$typeName" | "machine">>;

/** A client of the agents' service. */
export type PeerClient = Client<typeof PeerService>;

/** An agent without a program: whatever it is told to send is sent. */
export interface RawAgent {
  readonly name: string;
  readonly client: PeerClient;
  /** Its own credential. */
  readonly credential: string;
  /** Sent with every call. A later registration raises it. */
  generation: string;
  /** What it registered with. */
  readonly info: AgentInfoInit;
  /** Polls until it is granted this many workflows. */
  readonly take: (count?: number) => Promise<Grant[]>;
}

type AgentInfoInit = RawAgentInfo & { name: string; machine: object };

/** Enrols an agent that only this test speaks for. */
export async function enrolRawAgent(owner: Owner, server: TestServer, own: RawAgentInfo = {}): Promise<RawAgent> {
  const info = describe(own);
  const { client, speak } = await dialAsAgent(owner, server, await enrolmentToken(server));
  const { credential, generation } = await client.registerAgent({ info, protocolVersion: PROTOCOL_MAX });
  const agent = { name: info.name, client, credential, generation, info, take: (count = 1) => take(client, count) };
  speak(agent);
  return agent;
}

/** For whom a client speaks. */
interface Speaker {
  credential: string;
  generation: string;
}

/** A client that shows a token, until it is told for whom to speak. */
export async function dialAsAgent(
  owner: Owner,
  { url, fingerprint }: TestServer,
  token: string,
): Promise<{ client: PeerClient; speak: (as: Speaker) => void }> {
  let speaker: Speaker | undefined;
  const connection = await dial({
    url,
    token: () => speaker?.credential ?? token,
    headers: () => (speaker ? { "groundcrew-generation": speaker.generation } : {}),
    ...(fingerprint !== "" && { fingerprint }),
  });
  atEnd(owner, () => connection.close());
  return { client: createClient(PeerService, connection.transport), speak: (as) => void (speaker = as) };
}

function describe(own: RawAgentInfo): AgentInfoInit {
  return {
    name: `raw-${randomBytes(4).toString("hex")}`,
    platform: "linux/x64",
    backend: "local",
    version: "0.0.0",
    capacity: 8,
    serves: WorkKind.BUILD,
    bootId: randomUUID(),
    machine: {},
    ...own,
  };
}

async function take(client: PeerClient, count: number): Promise<Grant[]> {
  const grants: Grant[] = [];
  while (grants.length < count) {
    const answer = await client.next({ pollId: randomUUID(), freeSlots: count - grants.length });
    grants.push(...answer.grants);
  }
  return grants;
}
