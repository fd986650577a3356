import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { LaneCall, SessionResponse } from "@groundcrew/proto";
import { invalidField } from "../errors.ts";
import type { GuardedService } from "../guard.ts";
import { CarriedCall } from "./carried-call.ts";
import { answerMessage, failureMessage } from "./envelope.ts";
import { laneErrorOf } from "./error.ts";
import { LANE_METHODS, type LaneMethod } from "./methods.ts";

/** An agent runs at most 1,024 workflows, each with a Wait, a report and a log batch under way, and some to spare. */
const CALLS_MAX = 4_096;

const NAMES = [...LANE_METHODS.keys()].join(", ");

type Handler = (request: unknown, context: HandlerContext) => unknown;

/** What the server's end of a lane works with. */
export interface LaneServerOptions {
  /** PeerService behind its guard: the lane's calls are the same calls. */
  peer: GuardedService;
  /** The session's own call. */
  stream: HandlerContext;
  /** Takes each answer. */
  send: (answer: SessionResponse) => void;
  /** Told of the error of a call, after its answer was sent. */
  onFailure?: (error: ConnectError) => void;
}

/** The server's end of a lane: PeerService's calls on one stream, side by side, each answered once. */
export class LaneServer {
  readonly #options: LaneServerOptions;
  readonly #calls = new Map<number, CarriedCall>();
  #ended: ConnectError | undefined;
  #onIdle: () => void = () => undefined;

  constructor(options: LaneServerOptions) {
    this.#options = options;
  }

  /** Begins a call. What is wrong with it is its answer; throws only for an id whose answers could be confused. */
  take({ callId, request }: LaneCall): void {
    if (this.#calls.has(callId)) throw invalidField("call.call_id", callId, "an id that no call in flight has");
    const lane = LANE_METHODS.get(request.case ?? "");
    if (!lane) return this.#fail(callId, invalidField("call.request", "absent", `one of ${NAMES}`));
    const refusal = this.#refusal();
    if (refusal) return this.#fail(callId, refusal);
    // A heartbeat is where a session is held to its credential and generation again.
    const call = new CarriedCall(this.#options.stream, lane.method, { asksAnew: request.case === "reportHealth" });
    this.#calls.set(callId, call);
    void this.#run(callId, lane, call, request.value);
  }

  /** The caller no longer wants an answer. It comes all the same. */
  cancel(callId: number): void {
    this.#calls.get(callId)?.abort(new ConnectError("the caller canceled the call", Code.Canceled));
  }

  /** Aborts the calls in flight, and refuses all later ones with the same reason. Resolves once none is in flight. */
  end(reason: ConnectError): Promise<void> {
    this.#ended ??= reason;
    for (const call of this.#calls.values()) call.abort(reason);
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.#calls.size === 0) resolve();
    });
  }

  #refusal(): ConnectError | undefined {
    if (this.#ended) return this.#ended;
    if (this.#calls.size < CALLS_MAX) return undefined;
    return new ConnectError(`${CALLS_MAX} calls of this session are in flight already`, Code.ResourceExhausted);
  }

  /** Never rejects: whatever goes wrong becomes the answer. */
  async #run(callId: number, lane: LaneMethod, call: CarriedCall, request: unknown): Promise<void> {
    const { peer, send } = this.#options;
    try {
      const handler = (peer.implementation as Record<string, Handler>)[lane.method.localName] as Handler;
      send(answerMessage(callId, lane, await handler(request, call)));
    } catch (error) {
      this.#fail(callId, error);
    } finally {
      this.#calls.delete(callId);
      if (this.#calls.size === 0) this.#onIdle();
    }
  }

  #fail(callId: number, cause: unknown): void {
    const { send, onFailure } = this.#options;
    const error = ConnectError.from(cause, Code.Unavailable);
    send(failureMessage(callId, laneErrorOf(error)));
    onFailure?.(error);
  }
}
