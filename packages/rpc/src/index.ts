// One handler shape on two transports, and the client both ends share.
export { Code, ConnectError, createClient } from "@connectrpc/connect";
export type { Client, HandlerContext, ServiceImpl, Transport } from "@connectrpc/connect";
export { accessOf, permits, type Principal, type OperatorRole } from "./access.ts";
export { backoffDelays, delay } from "./backoff.ts";
export { dial, serverCertificate, type Connection, type DialOptions } from "./dial.ts";
export { conflict, detailOf, invalidField, isRetryable, notFound, toConnectError } from "./errors.ts";
export { anonymous, mount, principalOf, type Authenticate, type CallReport, type MountedService } from "./guard.ts";
export { serveGrpc, type GrpcServerOptions } from "./grpc/server.ts";
export { serveHttp, type HttpServerOptions } from "./http/server.ts";
export type { ListenAddress, RpcServer, TlsIdentity } from "./listen.ts";
export { fingerprintOf, isLoopback } from "./tls.ts";
export { PROTOCOL_MAX, PROTOCOL_MIN, MAX_MESSAGE_BYTES } from "./limits.ts";
