import type {
  DescMessage,
  DescMethod,
  DescMethodUnary,
  Message,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues, type Transport, type UnaryResponse } from "@connectrpc/connect";
import {
  PeerService,
  SessionRequestSchema,
  SessionService,
  type Goodbye,
  type LaneAnswer,
  type SessionRequest,
  type SessionResponse,
  type Welcome,
} from "@groundcrew/proto";
import { CALL_TIMEOUT_MS, PROTOCOL_MAX, PROTOCOL_MIN } from "../limits.ts";
import { waitForReadyKey } from "../grpc/client.ts";
import { callMessage } from "./envelope.ts";
import { connectErrorOf } from "./error.ts";
import { LANE_METHODS, type LaneMethod } from "./methods.ts";
import { Outbox } from "./outbox.ts";

/** How to open a lane. */
export interface LaneOptions {
  /** Where the session's stream is opened. */
  transport: Transport;
  /** Ends the lane. */
  signal?: AbortSignal;
  /** How long the server may take to welcome the session, the way to it included, in milliseconds. Default 15,000. */
  openMs?: number;
  /** The deadline of a call that names none, in milliseconds. Default 30,000. */
  timeoutMs?: number;
}

/** How a lane ended. */
export interface LaneEnd {
  /** What broke it, or what the server closed it with. */
  error: ConnectError;
  /** The server's last word, when it said one. */
  goodbye: Goodbye | undefined;
  /** It was open, and nothing came on it any more: something on the way holds it back. */
  isSilent: boolean;
}

/** The longest that a lane may take to show that it is alive, in milliseconds: a server that is busy is not silent. */
const PROBE_MAX_MS = 10_000;

/** A call whose answer is waited for. */
interface Waiting {
  readonly name: string;
  /** How many messages had come when it was sent. */
  readonly heard: number;
  settle(answer: Message | ConnectError): void;
}

/**
 * The agent's end of a lane: PeerService's unary calls on one stream. A call fails with what a unary call fails with;
 * when the stream breaks, with UNAVAILABLE. Headers of single calls are not carried: the stream's stand for all.
 */
export class Lane implements Pick<Transport, "unary"> {
  readonly #waiting = new Map<number, Waiting>();
  readonly #outbox = new Outbox<SessionRequest>();
  readonly #stop = new AbortController();
  readonly #timeoutMs: number;
  readonly #welcomed = Promise.withResolvers<Welcome>();
  readonly #ended = Promise.withResolvers<LaneEnd>();
  #goodbye: Goodbye | undefined;
  #probe: NodeJS.Timeout | undefined;
  #isSilent = false;
  #isOver = false;
  #heard = 0;
  #lastId = 0;

  /** Opens one. Waits for a server that is away. Throws what the server refused the session with, or UNAVAILABLE. */
  static async open(options: LaneOptions): Promise<Lane> {
    const lane = new Lane(options.timeoutMs ?? CALL_TIMEOUT_MS);
    const { signal, openMs = 15_000 } = options;
    const onAbort = (): void => lane.#stop.abort(signal?.reason);
    const late = new ConnectError(`the server welcomed no session within ${openMs} ms`, Code.Unavailable);
    const timer = setTimeout(() => lane.#stop.abort(late), openMs);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort);
    void lane.#hold(options.transport).finally(() => signal?.removeEventListener("abort", onAbort));
    await lane.#welcomed.promise.finally(() => clearTimeout(timer));
    return lane;
  }

  private constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when the stream has ended, whatever ended it. */
  get ended(): Promise<LaneEnd> {
    return this.#ended.promise;
  }

  /** Whether a call of this method would go on the lane now. */
  carries({ parent, localName }: DescMethod): boolean {
    return !this.#isOver && this.#goodbye === undefined && parent === PeerService && LANE_METHODS.has(localName);
  }

  /** Makes a call. */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    _header: unknown,
    input: MessageInitShape<I>,
    _values?: unknown,
  ): Promise<UnaryResponse<I, O>> {
    const lane = LANE_METHODS.get(method.localName);
    if (!lane || !this.carries(method)) throw new ConnectError("the session has ended", Code.Unavailable);
    if (signal?.aborted) throw canceled(signal);
    const message = await this.#ask(lane, input, { signal, timeoutMs: timeoutMs ?? this.#timeoutMs });
    const response = {
      stream: false,
      service: method.parent,
      method,
      header: NO_HEADERS,
      trailer: NO_HEADERS,
    } as const;
    return { ...response, message: message as MessageShape<O> };
  }

  /** Ends the stream; calls in flight fail. */
  async close(): Promise<void> {
    this.#stop.abort(new ConnectError("the session was closed", Code.Canceled));
    await this.ended;
  }

  #ask(lane: LaneMethod, input: unknown, how: { signal: AbortSignal | undefined; timeoutMs: number }) {
    const { signal, timeoutMs } = how;
    const callId = this.#newId();
    const message = callMessage(callId, lane, input);
    return new Promise<Message>((resolve, reject) => {
      const settle = (answer: Message | ConnectError): void => {
        this.#waiting.delete(callId);
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        if (answer instanceof ConnectError) reject(answer);
        else resolve(answer);
      };
      const onAbort = (): void => this.#giveUp(callId, canceled(signal));
      const timer = setTimeout(() => this.#onDeadline(callId, timeoutMs), timeoutMs);
      signal?.addEventListener("abort", onAbort);
      this.#waiting.set(callId, { name: lane.method.localName, heard: this.#heard, settle });
      this.#outbox.push(message);
    });
  }

  #newId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#waiting.has(this.#lastId));
    return this.#lastId;
  }

  #giveUp(callId: number, error: ConnectError): void {
    this.#waiting.get(callId)?.settle(error);
    this.#outbox.push(create(SessionRequestSchema, { message: { case: "cancel", value: { callId } } }));
  }

  #onDeadline(callId: number, timeoutMs: number): void {
    const heardNothing = this.#waiting.get(callId)?.heard === this.#heard;
    this.#giveUp(callId, new ConnectError(`no answer within ${timeoutMs} ms`, Code.DeadlineExceeded));
    if (heardNothing) this.#probeFor(Math.min(timeoutMs / 2, PROBE_MAX_MS));
  }

  /** Sends a call of nothing, which a server refuses at once however slow its database is. Ends a lane that does not. */
  #probeFor(ms: number): void {
    if (this.#probe) return;
    const before = this.#heard;
    const value = { callId: this.#newId() };
    this.#outbox.push(create(SessionRequestSchema, { message: { case: "call", value } }));
    this.#probe = setTimeout(() => {
      this.#probe = undefined;
      if (this.#heard > before) return;
      this.#isSilent = true;
      this.#stop.abort(new ConnectError("nothing comes on the session any more", Code.Unavailable));
    }, ms);
  }

  async #hold(transport: Transport): Promise<void> {
    const range = { protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL_MAX };
    this.#outbox.push(create(SessionRequestSchema, { message: { case: "hello", value: range } }));
    const patient = createContextValues().set(waitForReadyKey, true);
    const { session } = SessionService.method;
    let error = new ConnectError("the server ended the session", Code.Unavailable);
    try {
      const { signal } = this.#stop;
      const stream = await transport.stream(session, signal, undefined, undefined, this.#outbox, patient);
      for await (const response of stream.message) this.#hear(response);
    } catch (cause) {
      error = ConnectError.from(cause);
    }
    this.#end(error);
  }

  #hear({ message }: SessionResponse): void {
    this.#heard += 1;
    switch (message.case) {
      case "answer":
        return this.#hearAnswer(message.value);
      case "welcome":
        return this.#welcomed.resolve(message.value);
      case "goodbye":
        this.#goodbye = message.value;
        return;
      case "directive":
      case "openChannel":
      case undefined:
        // Of a server that knows more than this agent said it does.
        return;
      default:
        return message satisfies never;
    }
  }

  /** An answer to a call that was given up meanwhile is nobody's. */
  #hearAnswer({ callId, response }: LaneAnswer): void {
    const waiting = this.#waiting.get(callId);
    if (!waiting) return;
    if (response.case === waiting.name) waiting.settle(response.value);
    else if (response.case === "error") waiting.settle(connectErrorOf(response.value));
    else waiting.settle(new ConnectError(`the answer is not one to ${waiting.name}`, Code.Internal));
  }

  #end(error: ConnectError): void {
    this.#isOver = true;
    clearTimeout(this.#probe);
    this.#outbox.close();
    this.#welcomed.reject(error);
    const broken = new ConnectError(`the session ended: ${error.rawMessage}`, Code.Unavailable);
    for (const waiting of this.#waiting.values()) waiting.settle(broken);
    this.#ended.resolve({ error, goodbye: this.#goodbye, isSilent: this.#isSilent });
  }
}

const NO_HEADERS = new Headers();

function canceled(signal: AbortSignal | undefined): ConnectError {
  return ConnectError.from(signal?.reason, Code.Canceled);
}
