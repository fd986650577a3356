import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter, type ConnectNodeAdapterOptions } from "@connectrpc/connect-node";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { answerDownload, type Download } from "./download.ts";
import { guard, type GuardOptions, type MountedService } from "../guard.ts";
import { listenError, urlOf, type ListenAddress, type RpcServer, type TlsIdentity } from "../listen.ts";

/** How to serve browsers, `curl` with JSON, and probes. */
export interface HttpServerOptions extends GuardOptions {
  listen: ListenAddress;
  /** Absent: plain text, for loopback only. */
  tls?: TlsIdentity;
  services: MountedService[];
  /** What a plain GET may fetch. Default: nothing. */
  downloads?: Download[];
  /** Answers what is not an rpc. Default: 404 with a JSON body. */
  fallback?: NonNullable<ConnectNodeAdapterOptions["fallback"]>;
}

/**
 * The largest request, in bytes: a pipeline file of 1 MiB and its variables. Smaller than on the other port, because
 * the library decodes a request before anybody can ask who sent it.
 */
const READ_MAX_BYTES = 2 * 1024 * 1024;

/** Serves the Connect, gRPC-Web and JSON protocols on HTTP/1.1 with @connectrpc/connect-node. */
export async function serveHttp(options: HttpServerOptions): Promise<RpcServer> {
  const downloads = (options.downloads ?? []).map((download) => answerDownload(download, options));
  const otherwise = options.fallback ?? notFound;
  const handler = connectNodeAdapter({
    routes: (router) => routes(router, options),
    readMaxBytes: READ_MAX_BYTES,
    fallback: (request, response) => {
      if (!downloads.some((answer) => answer(request, response))) otherwise(request, response);
    },
  });
  const server = options.tls ? createTlsServer(options.tls, handler) : createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(options.listen, error)));
    server.listen(options.listen.port, options.listen.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: urlOf(options.listen, port, Boolean(options.tls)), close: closer(server) };
}

function routes(router: ConnectRouter, options: HttpServerOptions): void {
  for (const mounted of options.services) {
    const { service, implementation } = guard(mounted, options);
    router.service(service, implementation);
  }
}

const notFound: NonNullable<HttpServerOptions["fallback"]> = (request, response) => {
  response.writeHead(404, { "content-type": "application/json" });
  response.end(JSON.stringify({ code: "not_found", message: `there is nothing at ${request.url ?? "/"}` }));
};

function closer(server: ReturnType<typeof createServer>): RpcServer["close"] {
  let closed: Promise<void> | undefined;
  const close = (graceMs: number): Promise<void> =>
    new Promise((resolve) => {
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      server.closeIdleConnections();
    });
  return (graceMs = 5_000) => (closed ??= close(graceMs));
}
