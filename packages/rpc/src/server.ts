// How services are answered: one handler shape, on grpc-js for agents and crew, on connect-node for browsers and curl.
export { accessOf, permits, type OperatorRole, type Principal } from "./access.ts";
export { serveGrpc, type GrpcServerOptions } from "./grpc/server.ts";
export { anonymous, mount, principalOf, type Authenticate, type CallReport, type MountedService } from "./guard.ts";
export { serveHttp, type HttpServerOptions } from "./http/server.ts";
export type { ListenAddress, RpcServer, TlsIdentity } from "./listen.ts";
