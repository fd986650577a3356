/** The oldest protocol version this code speaks. Raised when support for it is removed. */
export const PROTOCOL_MIN = 1;

/** The newest protocol version this code speaks. Raised with each change that an older peer would misread. */
export const PROTOCOL_MAX = 1;

/** The largest message either end accepts. Log batches are at most 4 MiB of text; the rest is room for framing. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** The deadline of a unary call that names none, in milliseconds. */
export const CALL_TIMEOUT_MS = 30_000;
