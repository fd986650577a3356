import { Server, ServerCredentials } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { guard, type GuardOptions, type MountedService } from "../guard.ts";
import { MAX_MESSAGE_BYTES } from "../limits.ts";
import { listenError, urlOf, type ListenAddress, type RpcServer, type TlsIdentity } from "../listen.ts";
import { definitionOf, handlersOf } from "./handlers.ts";
import { addReflection } from "./reflection.ts";

/** How to serve gRPC. */
export interface GrpcServerOptions extends GuardOptions {
  listen: ListenAddress;
  /** Absent: plain text, for loopback only. */
  tls?: TlsIdentity;
  services: MountedService[];
}

/**
 * Serves on @grpc/grpc-js, with gRPC health and reflection beside the services. Throws when the address is taken, or
 * when an rpc declares no access.
 */
export async function serveGrpc(options: GrpcServerOptions): Promise<RpcServer> {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    // A dead peer is noticed within 40 s; proxies see traffic well before their usual 60 s of idleness.
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 20_000,
  });
  for (const mounted of options.services) {
    const guarded = guard(mounted, options);
    server.addService(definitionOf(guarded.service), handlersOf(guarded));
  }
  const health = addHealth(server, options.services);
  addReflection(server, options.services);
  const port = await bind(server, options);
  return { port, url: urlOf(options.listen, port, Boolean(options.tls)), close: closer(server, health) };
}

function addHealth(server: Server, services: MountedService[]): HealthImplementation {
  const names = ["", ...services.map(({ service }) => service.typeName)];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "SERVING" as const])));
  health.addToServer(server);
  return health;
}

function bind(server: Server, { listen, tls }: GrpcServerOptions): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }])
    : ServerCredentials.createInsecure();
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${listen.port}`, credentials, (error, port) => {
      if (error) reject(listenError(listen, error));
      else resolve(port);
    });
  });
}

function closer(server: Server, health: HealthImplementation): RpcServer["close"] {
  let closed: Promise<void> | undefined;
  const close = (graceMs: number): Promise<void> =>
    new Promise((resolve) => {
      health.setStatus("", "NOT_SERVING");
      const cut = setTimeout(() => server.forceShutdown(), graceMs);
      server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  return (graceMs = 5_000) => (closed ??= close(graceMs));
}
