// What both ends share, and what a caller needs. Answering calls is in ./server.ts, so that an agent need not load it.
export { Code, ConnectError, createClient } from "@connectrpc/connect";
export type { Client, HandlerContext, ServiceImpl, Transport } from "@connectrpc/connect";
export { backoffDelays, delay } from "./backoff.ts";
export { dial, serverCertificate, type Connection, type DialOptions } from "./dial.ts";
export { conflict, detailOf, invalidField, isRetryable, notFound } from "./errors.ts";
export { Lane, type LaneEnd } from "./lane/client.ts";
export { MAX_MESSAGE_BYTES, PROTOCOL_MAX, PROTOCOL_MIN } from "./limits.ts";
export { fingerprintOf, isLoopback } from "./tls.ts";
