import type { DescMessage, DescMethod, DescService, MessageInitShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createHandlerContext, type HandlerContext } from "@connectrpc/connect";
import type {
  handleBidiStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerDuplexStream,
  ServerUnaryCall,
  ServiceDefinition,
  sendUnaryData,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { once } from "node:events";
import type { GuardedService } from "../guard.ts";
import { headersOf, metadataOf } from "./metadata.ts";
import { statusOf } from "./status.ts";

type Call = ServerDuplexStream<Buffer, Buffer>;
/** What a context needs of a call of either kind. */
interface CallSurface {
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  getHost(): string;
  getPath(): string;
  on(event: "cancelled", listener: () => void): unknown;
}

const bytes = (value: Buffer): Buffer => value;
type Implementation = (request: unknown, context: HandlerContext) => unknown;

/**
 * A service as grpc-js wants it: bytes in, bytes out. Unary rpcs take its cheap path; the three streaming kinds are
 * all served as bidirectional, which on the wire is what they are.
 */
export function definitionOf(service: DescService): ServiceDefinition {
  const methods = service.methods.map((method) => [
    method.localName,
    {
      path: `/${service.typeName}/${method.name}`,
      requestStream: method.methodKind !== "unary",
      responseStream: method.methodKind !== "unary",
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  ]);
  return Object.fromEntries(methods) as ServiceDefinition;
}

/** The handlers of a mounted service. */
export function handlersOf({ service, implementation, admit }: GuardedService): Record<string, UntypedHandleCall> {
  const handlers = service.methods.map((method) => {
    const run = (implementation as Record<string, unknown>)[method.localName] as Implementation;
    const rpc: Rpc = { method, run, admit: (context) => admit(method, context) };
    return [method.localName, method.methodKind === "unary" ? unaryHandler(rpc) : streamHandler(rpc)];
  });
  return Object.fromEntries(handlers) as Record<string, UntypedHandleCall>;
}

interface Rpc {
  method: DescMethod;
  run: Implementation;
  /** Refuses a stranger before the request is decoded: decoding what anybody sends would be anybody's to overload. */
  admit: (context: HandlerContext) => Promise<void>;
}

function unaryHandler(rpc: Rpc): handleUnaryCall<Buffer, Buffer> {
  return (call, answer) => void serveUnary(call, answer, rpc);
}

/** Answers one unary call. Never rejects: whatever goes wrong becomes the call's status. */
async function serveUnary(
  call: ServerUnaryCall<Buffer, Buffer>,
  answer: sendUnaryData<Buffer>,
  { method, run, admit }: Rpc,
): Promise<void> {
  const context = contextOf(call, method);
  try {
    await admit(context);
    const response = encode(method, await run(decode(method, call.request), context));
    call.sendMetadata(metadataOf(context.responseHeader));
    answer(null, response, metadataOf(context.responseTrailer));
  } catch (error) {
    answer(statusOf(ConnectError.from(error, Code.Unavailable)));
  } finally {
    end(context);
  }
}

function streamHandler(rpc: Rpc): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => void serveStream(call, rpc);
}

/** Answers one streaming call. Never rejects: whatever goes wrong becomes the call's status. */
async function serveStream(call: Call, { method, run, admit }: Rpc): Promise<void> {
  const context = contextOf(call, method);
  try {
    await admit(context);
    const responses = invoke(method, run, readRequests(call, method), context);
    await writeResponses(call, method, responses, context);
    call.end(metadataOf(context.responseTrailer));
  } catch (error) {
    call.emit("error", statusOf(ConnectError.from(error, Code.Unavailable)));
  } finally {
    end(context);
  }
}

function end(context: ReturnType<typeof createHandlerContext>): void {
  context.abort(new ConnectError("the call has ended", Code.Canceled));
}

function contextOf(call: CallSurface, method: DescMethod): ReturnType<typeof createHandlerContext> {
  const canceled = new AbortController();
  call.on("cancelled", () => canceled.abort(new ConnectError("the caller went away", Code.Canceled)));
  const timeoutMs = Number(call.getDeadline()) - Date.now();
  const requestHeader = headersOf(call.metadata);
  // HTTP/2 carries it as :authority; handlers look for it where both transports have it.
  requestHeader.set("host", call.getHost());
  return createHandlerContext({
    service: method.parent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: call.getPath(),
    requestSignal: canceled.signal,
    requestHeader,
    ...(Number.isFinite(timeoutMs) && { timeoutMs: Math.max(timeoutMs, 0) }),
  });
}

/**
 * What a caller sends, until it has sent all. Read by hand: a stream's own iterator destroys it when the call fails
 * while it waits, before the failure was sent. Leaving the loop ends nothing, for a handler may answer all the same.
 */
async function* readRequests(call: Call, method: DescMethod): AsyncIterable<unknown> {
  let wake = (): void => undefined;
  const onChange = (): void => wake();
  for (const event of ["readable", "end", "close"]) call.on(event, onChange);
  try {
    for (;;) {
      const message = call.read() as Buffer | null;
      if (message !== null) yield decode(method, message);
      else if (call.readableEnded) return;
      else if (call.destroyed) throw new ConnectError("the caller went away", Code.Canceled);
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    for (const event of ["readable", "end", "close"]) call.off(event, onChange);
  }
}

function decode(method: DescMethod, bytes: Buffer): unknown {
  try {
    return fromBinary(method.input, bytes);
  } catch (cause) {
    const message = `the request is not a ${method.input.typeName}: ${(cause as Error).message}`;
    throw new ConnectError(message, Code.InvalidArgument);
  }
}

/** Runs a streaming implementation with the arguments its kind takes; its answers come back as a stream. */
async function* invoke(
  method: DescMethod,
  run: Implementation,
  requests: AsyncIterable<unknown>,
  context: HandlerContext,
): AsyncIterable<unknown> {
  const request = takesStream(method) ? requests : await only(requests, method);
  const response = run(request, context);
  if (answersStream(method)) yield* response as AsyncIterable<unknown>;
  else yield await response;
}

function takesStream({ methodKind }: DescMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

function answersStream({ methodKind }: DescMethod): boolean {
  return methodKind === "server_streaming" || methodKind === "bidi_streaming";
}

async function only(requests: AsyncIterable<unknown>, method: DescMethod): Promise<unknown> {
  for await (const request of requests) return request;
  throw new ConnectError(`${method.name} needs a request`, Code.InvalidArgument);
}

/** Writes the answers at the pace the caller reads them. */
async function writeResponses(
  call: Call,
  method: DescMethod,
  responses: AsyncIterable<unknown>,
  context: HandlerContext,
): Promise<void> {
  let headersSent = false;
  for await (const response of responses) {
    if (!headersSent) call.sendMetadata(metadataOf(context.responseHeader));
    headersSent = true;
    if (!call.write(encode(method, response))) await once(call, "drain", { signal: context.signal });
  }
}

function encode(method: DescMethod, response: unknown): Buffer {
  const bytes = toBinary(method.output, create(method.output, response as MessageInitShape<DescMessage>));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
