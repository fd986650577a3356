import { fromBinary } from "@bufbuild/protobuf";
import { SessionResponseSchema, SessionService, type LaneAnswer, type SessionResponse } from "@groundcrew/proto";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "@groundcrew/rpc";
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { CallError, encode, type LoadConnection } from "./connection.ts";
import type { Lane, RequestOf, ResponseOf, Rpc } from "./lane.ts";

/** How soon a session that broke is opened again, in milliseconds, before jitter. */
const REOPEN_MS = 250;

/** Every message on one stream, which is opened again whenever it breaks. */
export class SessionLane implements Lane {
  readonly #connection: LoadConnection;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #stream: ClientDuplexStream<Buffer, Buffer>;
  #open = Promise.withResolvers<void>();
  #lastId = 0;
  #closed = false;

  constructor(connection: LoadConnection) {
    this.#connection = connection;
    this.#stream = this.#dial();
  }

  async call<R extends Rpc>(rpc: R, request: RequestOf<R>): Promise<ResponseOf<R>> {
    await this.#open.promise;
    const callId = (this.#lastId = (this.#lastId + 1) >>> 0);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(callId, waiting);
    this.#send({ message: { case: "call", value: { callId, request: { case: rpc, value: request } } } } as never);
    return (await waiting.promise) as ResponseOf<R>;
  }

  close(): void {
    this.#closed = true;
    this.#connection.close();
    this.#fail(new CallError(1, "closed"));
  }

  #send(request: Parameters<typeof encode<typeof SessionService.method.session>>[1]): void {
    this.#stream.write(encode(SessionService.method.session, request));
  }

  #dial(): ClientDuplexStream<Buffer, Buffer> {
    const stream = this.#connection.stream(SessionService.method.session);
    stream.on("data", (bytes: Buffer) => this.#take(fromBinary(SessionResponseSchema, bytes)));
    stream.on("error", (error: ServiceError) => this.#broke(new CallError(error.code, error.details)));
    stream.on("end", () => this.#broke(new CallError(14, "the session ended")));
    const hello = { protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL_MAX };
    stream.write(encode(SessionService.method.session, { message: { case: "hello", value: hello } }));
    return stream;
  }

  #take({ message }: SessionResponse): void {
    if (message.case === "answer") this.#answer(message.value);
    else if (message.case === "welcome") this.#open.resolve();
  }

  #answer({ callId, response }: LaneAnswer): void {
    const waiting = this.#waiting.get(callId);
    this.#waiting.delete(callId);
    if (response.case === "error") waiting?.reject(new CallError(response.value.code, response.value.message));
    else waiting?.resolve(response.value);
  }

  #broke(error: CallError): void {
    this.#stream.removeAllListeners().on("error", () => undefined);
    this.#open.promise.catch(() => undefined);
    this.#open.reject(error);
    this.#open = Promise.withResolvers();
    this.#fail(error);
    if (!this.#closed) setTimeout(() => (this.#stream = this.#dial()), REOPEN_MS * (0.5 + Math.random()));
  }

  #fail(error: CallError): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
