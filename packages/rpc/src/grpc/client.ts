import type { DescMessage, DescMethod, DescMethodStreaming, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextKey,
  type ContextValues,
  type Transport,
  type UnaryResponse,
} from "@connectrpc/connect";
import {
  Client,
  type ChannelCredentials,
  type ClientDuplexStream,
  type Metadata,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import { once } from "node:events";
import { MAX_MESSAGE_BYTES } from "../limits.ts";
import { headersOf, metadataOf } from "./metadata.ts";
import { errorOf } from "./status.ts";

/** How to reach a gRPC server. */
export interface GrpcTransportOptions {
  /** "host:port". */
  address: string;
  /** The name to ask the server's TLS for, where the address has none: Node refuses to ask for an IP address. */
  tlsName?: string;
  credentials: ChannelCredentials;
  /** Headers of every call, asked for anew each time. */
  headers: () => Record<string, string>;
  /** The deadline of a unary call that names none, in milliseconds. */
  timeoutMs: number;
}

/** A Connect transport over one @grpc/grpc-js channel, which reconnects by itself until closed. */
export function createGrpcJsTransport(options: GrpcTransportOptions): Transport & { close(): void } {
  const channel = new Client(options.address, options.credentials, {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.keepalive_permit_without_calls": 1,
    // A restarted server is found within four seconds. The library's own jitter is a fifth of these: each client draws
    // its own, so that 10,000 of them that a server left at once do not come back at once.
    "grpc.initial_reconnect_backoff_ms": 200 + Math.random() * 300,
    "grpc.max_reconnect_backoff_ms": 2_000 + Math.random() * 2_000,
    ...(options.tlsName !== undefined && { "grpc.ssl_target_name_override": options.tlsName }),
  });
  return {
    async unary(method, signal, timeoutMs, header, input) {
      const call = { method, signal, timeoutMs: timeoutMs ?? options.timeoutMs, header };
      return callUnary(channel, options, call, method, create(method.input, input));
    },
    async stream(method, signal, timeoutMs, header, input, values) {
      const stream = openStream(channel, options, { method, signal, timeoutMs, header, values });
      const sent = send(stream, method, input);
      return { ...responseOf(stream, method), stream: true, message: receive(stream, method, sent) };
    },
    close: () => channel.close(),
  };
}

interface OpenCall {
  method: DescMethod;
  signal: AbortSignal | undefined;
  timeoutMs: number | undefined;
  header: ConstructorParameters<typeof Headers>[0];
  values?: ContextValues | undefined;
}

/** Set for a call that waits for a server that is away, rather than fail at once. */
export const waitForReadyKey = createContextKey(false);

interface Stream {
  call: ClientDuplexStream<Buffer, Buffer>;
  header: Headers;
  trailer: Headers;
  /** Settles with the call's status: resolves on OK, rejects with the error. */
  ended: Promise<void>;
}

const bytes = (value: Buffer): Buffer => value;

/** What grpc-js needs to make a call. */
function callArguments(options: GrpcTransportOptions, { method, signal, timeoutMs, header, values }: OpenCall) {
  if (signal?.aborted) throw abortError(signal);
  const headers = new Headers(header);
  for (const [key, value] of Object.entries(options.headers())) if (!headers.has(key)) headers.set(key, value);
  const metadata = metadataOf(headers);
  if (values?.get(waitForReadyKey)) metadata.setOptions({ waitForReady: true });
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    metadata,
    deadline: timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
  };
}

function callUnary<I extends DescMessage, O extends DescMessage>(
  channel: Client,
  options: GrpcTransportOptions,
  open: OpenCall,
  method: DescMethodUnary<I, O>,
  request: MessageShape<I>,
): Promise<UnaryResponse<I, O>> {
  return new Promise((resolve, reject) => {
    const { path, metadata, deadline } = callArguments(options, open);
    const onAbort = (): void => call.cancel();
    const response = { method, service: method.parent, header: new Headers(), trailer: new Headers() };
    const answer = (error: ServiceError | null, value?: Buffer): void => {
      open.signal?.removeEventListener("abort", onAbort);
      if (error) return reject(open.signal?.aborted ? abortError(open.signal) : errorOf(error));
      resolve(decoded(method.output, value).then((message) => ({ ...response, stream: false, message })));
    };
    const call = channel.makeUnaryRequest(path, bytes, bytes, encode(method, request), metadata, deadline, answer);
    call.on("metadata", (received: Metadata) => copy(headersOf(received), response.header));
    call.on("status", (status: StatusObject) => copy(headersOf(status.metadata), response.trailer));
    open.signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The answer, or INTERNAL when the server sent something else. */
async function decoded<O extends DescMessage>(
  schema: O,
  bytes: Uint8Array = new Uint8Array(),
): Promise<MessageShape<O>> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new ConnectError(`the answer is not a ${schema.typeName}`, Code.Internal, undefined, undefined, cause);
  }
}

function openStream(channel: Client, options: GrpcTransportOptions, open: OpenCall): Stream {
  const { path, metadata, deadline } = callArguments(options, open);
  const call = channel.makeBidiStreamRequest<Buffer, Buffer>(path, bytes, bytes, metadata, deadline);
  const stream: Stream = { call, header: new Headers(), trailer: new Headers(), ended: Promise.resolve() };
  stream.ended = watch(stream, open.signal);
  return stream;
}

function watch({ call, header, trailer }: Stream, signal: AbortSignal | undefined): Promise<void> {
  const onAbort = (): void => call.cancel();
  signal?.addEventListener("abort", onAbort, { once: true });
  call.on("metadata", (metadata) => copy(headersOf(metadata), header));
  const ended = new Promise<void>((resolve, reject) => {
    call.on("error", (error: ServiceError) => reject(signal?.aborted ? abortError(signal) : errorOf(error)));
    call.on("status", (status) => {
      signal?.removeEventListener("abort", onAbort);
      copy(headersOf(status.metadata), trailer);
      if (status.code === 0) resolve();
    });
  });
  // The readers below await it; a call nobody reads to its end must not become an unhandled rejection.
  ended.catch(() => undefined);
  return ended;
}

function copy(from: Headers, to: Headers): void {
  for (const [key, value] of from) to.append(key, value);
}

function abortError(signal: AbortSignal): ConnectError {
  return ConnectError.from(signal.reason, Code.Canceled);
}

function responseOf<M extends DescMethod>({ header, trailer }: Stream, method: M) {
  return { method, service: method.parent, header, trailer };
}

/** Sends at the pace the server reads. Ends early, without a word, when the call has ended. */
async function send<I extends DescMessage, O extends DescMessage>(
  { call, ended }: Stream,
  method: DescMethodStreaming<I, O>,
  input: AsyncIterable<unknown>,
): Promise<void> {
  // A signal forgets who waited for it; a promise that is raced for as long as the stream lives remembers them all.
  const over = new AbortController();
  void ended.catch(() => undefined).finally(() => over.abort());
  try {
    for await (const message of input) {
      if (over.signal.aborted || !call.writable) return;
      if (call.write(encode(method, create(method.input, message as never)))) continue;
      await once(call, "drain", { signal: over.signal }).catch(() => undefined);
    }
    call.end();
  } catch (error) {
    call.cancel();
    throw error;
  }
}

async function* receive<I extends DescMessage, O extends DescMessage>(
  { call, ended }: Stream,
  method: DescMethodStreaming<I, O>,
  sent: Promise<void>,
): AsyncIterable<MessageShape<O>> {
  sent.catch(() => undefined);
  try {
    for await (const bytes of call as AsyncIterable<Buffer>) yield fromBinary(method.output, bytes);
  } catch {
    // The stream breaks with the call's status, which `ended` holds as a typed error.
  } finally {
    call.cancel();
  }
  // Whichever fails first says why; a server may also answer before it has read everything.
  await Promise.race([sent.then(() => ended), ended]);
}

function encode(method: DescMethod, message: unknown): Buffer {
  const bytes = toBinary(method.input, message as never);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
