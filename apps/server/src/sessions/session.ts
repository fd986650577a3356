import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  SessionResponseSchema,
  SupersededSchema,
  type Hello,
  type SessionRequest,
  type SessionResponse,
} from "@groundcrew/proto";
import { Code, ConnectError, detailOf, invalidField, type HandlerContext } from "@groundcrew/rpc";
import { LaneServer, Outbox, type GuardedService } from "@groundcrew/rpc/server";
import { agreedProtocol } from "./hello.ts";

/** Answers that wait for an agent to read them. More of them, and the server reads nothing more from it. */
const UNREAD_MAX = 1_024;

/** What a session works with. */
export interface SessionOptions {
  /** PeerService behind its guard. */
  peer: GuardedService;
  /** The stream's own call. */
  call: HandlerContext;
  /** Told to the agent, in milliseconds. */
  heartbeatIntervalMs: number;
}

/** One agent's session: its hello, then the calls of its lane, until either end has enough. */
export class Session {
  readonly #options: SessionOptions;
  readonly #outbox = new Outbox<SessionResponse>();
  readonly #lane: LaneServer;
  #isWelcome = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#lane = new LaneServer({
      peer: options.peer,
      stream: options.call,
      send: (answer) => this.#outbox.push(answer),
      onFailure: (error) => {
        if (isUnwelcome(error)) this.end(error);
      },
    });
  }

  /** What the server says, until the session ends. Throws what it ended with, if that was a failure. */
  async *run(requests: AsyncIterable<SessionRequest>): AsyncGenerator<SessionResponse> {
    const { signal } = this.#options.call;
    const onGone = (): void => this.#outbox.close();
    signal.addEventListener("abort", onGone, { once: true });
    void this.#read(requests);
    try {
      yield* this.#outbox;
    } finally {
      signal.removeEventListener("abort", onGone);
      void this.#lane.end(new ConnectError("the session has ended", Code.Canceled));
    }
  }

  /** Says what is still to be said, and ends the session with an error. */
  end(error: ConnectError): void {
    this.#outbox.close(error);
  }

  /** Takes no more calls, answers those in flight, says goodbye. The agent is to come back, here or to a replica. */
  async stop(reason: string): Promise<void> {
    await this.#lane.end(new ConnectError(`${reason}; call again`, Code.Unavailable));
    this.#outbox.push(message({ case: "goodbye", value: { reason, reconnect: true } }));
    this.#outbox.close();
  }

  /** Never rejects: what is wrong with a message ends the session with it. */
  async #read(requests: AsyncIterable<SessionRequest>): Promise<void> {
    try {
      for await (const request of requests) {
        this.#take(request);
        if (this.#outbox.size >= UNREAD_MAX) await this.#outbox.room(UNREAD_MAX);
      }
      this.#outbox.close();
    } catch (error) {
      this.end(ConnectError.from(error));
    }
  }

  #take({ message }: SessionRequest): void {
    if (message.case === "hello") return this.#welcome(message.value);
    if (!this.#isWelcome) throw invalidField("message", message.case ?? "absent", "hello first of all");
    switch (message.case) {
      case "call":
        return this.#lane.take(message.value);
      case "cancel":
        return this.#lane.cancel(message.value.callId);
      case "heartbeat":
      case "ack":
        throw new ConnectError(`this server takes no ${message.case}; call ReportHealth`, Code.Unimplemented);
      case undefined:
        throw invalidField("message", "absent", "call or cancel");
      default:
        return message satisfies never;
    }
  }

  #welcome(hello: Hello): void {
    if (this.#isWelcome) throw invalidField("message", "hello", "only one of them");
    this.#isWelcome = true;
    const { heartbeatIntervalMs } = this.#options;
    this.#outbox.push(
      message({ case: "welcome", value: { protocolVersion: agreedProtocol(hello), heartbeatIntervalMs } }),
    );
  }
}

type Said = NonNullable<MessageInitShape<typeof SessionResponseSchema>["message"]>;

function message(said: Said): SessionResponse {
  return create(SessionResponseSchema, { message: said });
}

/** Errors of a call that no other call of the same process will do better than. */
function isUnwelcome(error: ConnectError): boolean {
  if (error.code === Code.Unauthenticated || error.code === Code.PermissionDenied) return true;
  return detailOf(error, SupersededSchema) !== undefined;
}
