import { PeerService, EndReason, StepState, WorkKind, WorkflowState, type Grant } from "@groundcrew/proto";
import { createClient, dial, PROTOCOL_MAX, type Client } from "@groundcrew/rpc";
import { atEnd, enrolmentToken, startProxy, type Owner } from "@groundcrew/testkit/processes";
import { randomUUID } from "node:crypto";
import { GHOST } from "../workload.ts";
import type { Replica } from "./replica.ts";

/** How long one call may take, and how long a poll is held, in milliseconds. */
const CALL_MS = 4_000;
const HOLD_MS = 2_000;

type Peer = Client<typeof PeerService>;

/** An agent without a program. It takes work, lets its leases run out, and later reports all the same. */
export class Ghost {
  readonly #connect: () => Promise<{ client: Peer; close: () => void }>;

  private constructor(connect: () => Promise<{ client: Peer; close: () => void }>) {
    this.#connect = connect;
  }

  /** Enrols it. */
  static async enrol(owner: Owner, replicas: readonly Replica[]): Promise<Ghost> {
    const [first] = replicas;
    if (!first) throw new Error("a ghost needs a server");
    const balancer = await startProxy(owner, ...replicas.map(({ server }) => server.url));
    const speaker = { token: await enrolmentToken(first.server), generation: "" };
    const connect = async () => {
      const headers = () => (speaker.generation === "" ? {} : { "groundcrew-generation": speaker.generation });
      const connection = await dial({ url: balancer.url, token: speaker.token, headers });
      return { client: createClient(PeerService, connection.transport), close: () => connection.close() };
    };
    const { client, close } = await connect();
    const registered = await client.registerAgent({ info: describe(), protocolVersion: PROTOCOL_MAX });
    Object.assign(speaker, { token: registered.credential, generation: registered.generation });
    close();
    atEnd(owner, close);
    return new Ghost(connect);
  }

  /** Asks for work until it has some, and starts it. Undefined: it had none in time, or could not ask. */
  async take(timeoutMs: number): Promise<Grant | undefined> {
    const deadlineMs = performance.now() + timeoutMs;
    while (performance.now() < deadlineMs) {
      const grant = await this.#say(async (client, how) => {
        const { grants } = await client.next({ pollId: randomUUID(), freeSlots: 1, holdMs: HOLD_MS }, how);
        const [one] = grants;
        if (one) await client.init({ workflowId: one.workflowId, epoch: one.epoch }, how);
        return one;
      });
      if (grant) return grant;
    }
    return undefined;
  }

  /** Reports that a workflow ran and succeeded, under the epoch of this grant. */
  async claimSuccess({ workflowId, epoch, plan }: Grant): Promise<void> {
    const step = plan.case === "build" ? (plan.value.steps[0]?.name ?? "") : "";
    const stepRun = { workflowId, epoch, step, try: 1 };
    await this.#say((client, how) => client.update({ stepRun, sequence: 9, state: StepState.SUCCEEDED }, how));
    const end = { state: WorkflowState.SUCCEEDED, endReason: EndReason.COMPLETED };
    await this.#say((client, how) => client.done({ workflowId, epoch, ...end }, how));
  }

  /** Gives back what it was granted. */
  async handBack({ workflowId, epoch }: Grant): Promise<void> {
    const end = { state: WorkflowState.QUEUED, endReason: EndReason.HANDED_BACK };
    await this.#say((client, how) => client.done({ workflowId, epoch, ...end }, how));
  }

  /** One call on a connection of its own. Undefined: it was refused, or nobody answered. */
  async #say<T>(call: (client: Peer, how: { timeoutMs: number }) => Promise<T>): Promise<T | undefined> {
    const { client, close } = await this.#connect();
    try {
      return await call(client, { timeoutMs: CALL_MS });
    } catch {
      return undefined;
    } finally {
      close();
    }
  }
}

function describe() {
  return {
    name: GHOST,
    platform: "linux/x64",
    backend: "local",
    version: "0.0.0",
    capacity: 8,
    serves: WorkKind.BUILD,
    // Only what asks for it.
    labels: { "!only": GHOST },
    bootId: randomUUID(),
    machine: {},
  };
}
