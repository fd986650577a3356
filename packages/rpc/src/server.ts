// How services are answered: one handler shape, on grpc-js for agents and crew, on connect-node for browsers and curl.
export { accessOf, permits, type OperatorRole, type Principal } from "./access.ts";
export { serveGrpc, type GrpcServerOptions } from "./grpc/server.ts";
export {
  anonymous,
  guard,
  mount,
  principalOf,
  type Authenticate,
  type CallReport,
  type GuardedService,
  type MountedService,
} from "./guard.ts";
export { serveHttp, type HttpServerOptions } from "./http/server.ts";
export { LaneServer } from "./lane/server.ts";
export { Outbox } from "./lane/outbox.ts";
export type { ListenAddress, RpcServer, TlsIdentity } from "./listen.ts";
