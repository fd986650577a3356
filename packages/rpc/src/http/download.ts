import { create, type DescMethodServerStreaming, type MessageInitShape } from "@bufbuild/protobuf";
import { createHandlerContext, type ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { ConnectNodeAdapterOptions } from "@connectrpc/connect-node";
import { codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import { once } from "node:events";
import { toConnectError } from "../errors.ts";
import { guard, type GuardOptions, type MountedService } from "../guard.ts";

/** A stream of bytes that a plain GET fetches, such as curl's or a browser's. It asks what the rpc itself asks of a caller. */
export interface Download<M extends DescMethodServerStreaming = DescMethodServerStreaming> {
  service: MountedService;
  method: M;
  /** What a URL asks for; undefined where it is not this download's. Throws a ConnectError for a bad question. */
  requestOf: (url: URL) => MessageInitShape<M["input"]> | undefined;
  contentType: string;
}

type Fallback = NonNullable<ConnectNodeAdapterOptions["fallback"]>;
type Incoming = Parameters<Fallback>[0];
type Outgoing = Parameters<Fallback>[1];
const NOTHING = new Uint8Array(0);

type Streaming = (request: unknown, context: HandlerContext) => AsyncIterable<{ data?: Uint8Array }>;

/** Answers a download, errors with the status and the JSON of Connect. False: the request asks for something else. */
export function answerDownload(
  { service: mounted, method, requestOf, contentType }: Download,
  options: GuardOptions,
): (incoming: Incoming, outgoing: Outgoing) => boolean {
  const { service, implementation } = guard(mounted, options);
  const stream = (implementation as Record<string, unknown>)[method.localName] as Streaming;
  return (incoming, outgoing) => {
    if (incoming.method !== "GET") return false;
    try {
      const url = new URL(incoming.url ?? "/", "http://here");
      const init = requestOf(url);
      if (!init) return false;
      const gone = new AbortController();
      outgoing.on("close", () => gone.abort());
      const headers = Object.entries(incoming.headers).flatMap(([name, value]) =>
        typeof value === "string" ? [[name, value] as [string, string]] : [],
      );
      const call = { service, method, protocolName: "http", requestMethod: "GET", url: url.href };
      const context = createHandlerContext({ ...call, requestSignal: gone.signal, requestHeader: headers });
      void send(stream(create(method.input, init), context), outgoing, contentType);
    } catch (error) {
      refuse(outgoing, toConnectError(error, ""));
    }
    return true;
  };
}

async function send(
  parts: AsyncIterable<{ data?: Uint8Array }>,
  outgoing: Outgoing,
  contentType: string,
): Promise<void> {
  try {
    for await (const { data = NOTHING } of parts) {
      if (outgoing.destroyed) return;
      if (!outgoing.headersSent) outgoing.writeHead(200, { "content-type": contentType });
      if (!outgoing.write(data)) await Promise.race([once(outgoing, "drain"), once(outgoing, "close")]);
    }
    if (!outgoing.headersSent) outgoing.writeHead(200, { "content-type": contentType });
    outgoing.end();
  } catch (error) {
    // Half of it is sent: that it breaks off is all that can still be said.
    if (outgoing.headersSent) outgoing.destroy();
    else refuse(outgoing, toConnectError(error, ""));
  }
}

function refuse(outgoing: Outgoing, error: ConnectError): void {
  outgoing.writeHead(codeToHttpStatus(error.code), { "content-type": "application/json" });
  outgoing.end(JSON.stringify(errorToJson(error, undefined)));
}
