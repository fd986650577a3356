import { connect, createServer, constants } from "node:http2";
import type { ClientHttp2Session, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { atEnd, type Owner } from "./at-end.ts";

/** What a {@link CallProxy} does to the calls of one rpc. */
export type Treatment =
  /** Passes them on. */
  | "pass"
  /** Answers UNIMPLEMENTED by itself. */
  | "refuse"
  /** Lets questions through and holds answers back for ever, but for the first. */
  | "hold";

const { HTTP2_HEADER_PATH, NGHTTP2_CANCEL } = constants;

/** Starts a proxy of calls before a server without TLS. It ends with its owner. */
export async function startCallProxy(owner: Owner, targetUrl: string): Promise<CallProxy> {
  const proxy = new CallProxy(targetUrl);
  await proxy.start();
  atEnd(owner, () => proxy.stop());
  return proxy;
}

/** A proxy that knows gRPC, and treats the calls of some rpcs as proxies do that were not made for streams. */
export class CallProxy {
  readonly #targetUrl: string;
  readonly #server: Http2Server = createServer();
  readonly #targets = new Set<ClientHttp2Session>();
  readonly #treatments = new Map<string, Treatment>();
  readonly #counts = new Map<string, number>();
  readonly #open = new Map<string, Set<ServerHttp2Stream>>();

  constructor(targetUrl: string) {
    this.#targetUrl = targetUrl;
    this.#server.on("session", (session) => {
      const target = connect(this.#targetUrl);
      this.#targets.add(target);
      // Either end hears of the other's end by the close.
      for (const end of [session, target]) end.on("error", () => undefined);
      session.on("close", () => target.destroy());
      target.on("close", () => {
        this.#targets.delete(target);
        session.destroy();
      });
      session.on("stream", (stream, headers) => this.#take(stream, headers, target));
    });
  }

  /** Where to dial. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const target of this.#targets) target.destroy();
    await closed;
  }

  /** Treats the later calls of an rpc, such as "/groundcrew.v1.PeerService/Next", in this way. */
  treat(path: string, treatment: Treatment): void {
    this.#treatments.set(path, treatment);
  }

  /** How many calls of an rpc were made. */
  count(path: string): number {
    return this.#counts.get(path) ?? 0;
  }

  /** Breaks the calls of an rpc that are open now. The connection and all other calls stay. */
  break(path: string): void {
    for (const stream of this.#open.get(path) ?? []) stream.close(NGHTTP2_CANCEL);
  }

  #take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, target: ClientHttp2Session): void {
    const path = headers[HTTP2_HEADER_PATH] as string;
    this.#counts.set(path, this.count(path) + 1);
    stream.on("error", () => undefined);
    const treatment = this.#treatments.get(path) ?? "pass";
    if (treatment === "refuse" || target.destroyed) {
      stream.respond({ "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true });
      return;
    }
    this.#keep(path, stream);
    this.#forward(stream, headers, target, treatment);
  }

  #keep(path: string, stream: ServerHttp2Stream): void {
    const open = this.#open.get(path) ?? new Set();
    this.#open.set(path, open.add(stream));
    stream.on("close", () => open.delete(stream));
  }

  #forward(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    target: ClientHttp2Session,
    treatment: Treatment,
  ): void {
    const onward = target.request(headers);
    onward.on("error", () => undefined);
    stream.on("data", (part: Buffer) => onward.write(part));
    stream.on("end", () => onward.end());
    stream.on("close", () => onward.close(stream.rstCode));
    let answers = 0;
    onward.on("response", (response) => stream.respond(response, { waitForTrailers: true }));
    onward.on("data", (part: Buffer) => {
      if (treatment === "pass" || answers++ === 0) stream.write(part);
    });
    let trailers = {};
    onward.on("trailers", (received) => (trailers = received));
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    onward.on("end", () => stream.end());
    onward.on("close", () => {
      if (onward.rstCode !== 0) stream.close(onward.rstCode);
    });
  }
}
