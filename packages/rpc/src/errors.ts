import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { FieldViolationSchema } from "@groundcrew/proto";

/** The longest value an error quotes, in characters. */
const QUOTED_MAX = 200;

/** INVALID_ARGUMENT that names the field, the value found and what would be accepted. */
export function invalidField(field: string, value: unknown, expected: string): ConnectError {
  const found = quote(value);
  return new ConnectError(`${field} is ${found}, expected ${expected}`, Code.InvalidArgument, undefined, [
    { desc: FieldViolationSchema, value: { field, value: found, expected } },
  ]);
}

/** NOT_FOUND that names what was looked for. */
export function notFound(what: string, key: string): ConnectError {
  return new ConnectError(`${what} ${quote(key)} does not exist`, Code.NotFound);
}

/** FAILED_PRECONDITION: the request is fine, the state of things is not. */
export function conflict(message: string): ConnectError {
  return new ConnectError(message, Code.FailedPrecondition);
}

/** The first detail of this type that an error carries. */
export function detailOf<D extends DescMessage>(error: unknown, schema: D): MessageShape<D> | undefined {
  return error instanceof ConnectError ? error.findDetails(schema)[0] : undefined;
}

const RETRYABLE: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Unknown,
  Code.Internal,
]);

/**
 * Whether the same call may succeed later without a change: the server was away, slow, overloaded, or broke. A
 * transport that cannot tell reports UNKNOWN or INTERNAL, so these count as well.
 */
export function isRetryable(error: unknown): boolean {
  return error instanceof ConnectError && RETRYABLE.has(error.code);
}

/**
 * The error a caller may see. A ConnectError passes as it is; anything else is our own fault: UNAVAILABLE, so that the
 * caller retries, with the cause kept for the log and never sent.
 */
export function toConnectError(error: unknown, requestId: string): ConnectError {
  if (error instanceof ConnectError) return error;
  return new ConnectError(
    `the server could not answer; try again (request ${requestId})`,
    Code.Unavailable,
    undefined,
    undefined,
    error,
  );
}

function quote(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX).toWellFormed()}…` : text;
}
