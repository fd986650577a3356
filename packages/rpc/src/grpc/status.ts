import { Code, ConnectError } from "@connectrpc/connect";
import { findTrailerError, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type { ServiceError, StatusObject } from "@grpc/grpc-js";
import { headersOf, metadataOf } from "./metadata.ts";

/** The gRPC status of an error, with its typed details in the trailer. */
export function statusOf(error: ConnectError): StatusObject {
  const details = error.rawMessage.toWellFormed();
  // A message that quotes a stranger may hold half a surrogate pair, which cannot be percent-encoded.
  const sendable = new ConnectError(details, error.code, error.metadata);
  sendable.details = error.details;
  const trailer = setTrailerStatus(new Headers(), sendable);
  // grpc-js writes these two itself, from `code` and `details`.
  trailer.delete("grpc-status");
  trailer.delete("grpc-message");
  return { code: error.code as number, details, metadata: metadataOf(trailer) };
}

/**
 * The error a client sees, with the typed details that the trailer carries. grpc-js also emits plain errors, such as
 * the one of a stream that is destroyed while it ends.
 */
export function errorOf(status: ServiceError | StatusObject | Error): ConnectError {
  if (!("metadata" in status)) return ConnectError.from(status, Code.Unavailable);
  const trailer = headersOf(status.metadata);
  trailer.set("grpc-status", String(status.code));
  trailer.set("grpc-message", encodeURIComponent(status.details));
  return findTrailerError(trailer) ?? new ConnectError(status.details, Code.Unknown);
}
