import { create, toBinary, type DescMessage, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  LaneAnswerSchema,
  LaneErrorSchema,
  SessionRequestSchema,
  SessionResponseSchema,
  type LaneError,
  type SessionRequest,
  type SessionResponse,
} from "@groundcrew/proto";
import { MAX_MESSAGE_BYTES } from "../limits.ts";
import type { LaneMethod } from "./methods.ts";

/** What a request or response grows by on the session: three tags, two lengths, the call's id. At most 18 bytes. */
const ENVELOPE_MAX_BYTES = 32;

// Both messages name the call in their first field.
const CALL_ID_FIELD = 1;
const CALL_FIELD = SessionRequestSchema.field.call.number;
const ANSWER_FIELD = SessionResponseSchema.field.answer.number;
const ERROR_FIELD = LaneAnswerSchema.field.error.number;

/**
 * A call on the session. Encoded here, once and by itself, so that a request that cannot be sent fails its own call
 * and never the stream. Throws what a unary call throws: RESOURCE_EXHAUSTED for one that is too large.
 */
export function callMessage(callId: number, { method, requestField }: LaneMethod, request: unknown): SessionRequest {
  const message = create(SessionRequestSchema);
  enclose(message, CALL_FIELD, callId, requestField, encoded(method.input, request));
  return message;
}

/** The answer to a call on the session, encoded like {@link callMessage}. */
export function answerMessage(
  callId: number,
  { method, responseField }: LaneMethod,
  response: unknown,
): SessionResponse {
  const message = create(SessionResponseSchema);
  enclose(message, ANSWER_FIELD, callId, responseField, encoded(method.output, response));
  return message;
}

/** The answer to a call that failed. */
export function failureMessage(callId: number, error: LaneError): SessionResponse {
  const message = create(SessionResponseSchema);
  enclose(message, ANSWER_FIELD, callId, ERROR_FIELD, toBinary(LaneErrorSchema, error));
  return message;
}

function encoded(schema: DescMessage, message: unknown): Uint8Array {
  const bytes = toBinary(schema, create(schema, message as MessageInitShape<DescMessage>));
  if (bytes.length + ENVELOPE_MAX_BYTES <= MAX_MESSAGE_BYTES) return bytes;
  throw new ConnectError(
    `the ${schema.typeName} has ${bytes.length} bytes, and a message at most ${MAX_MESSAGE_BYTES}`,
    Code.ResourceExhausted,
  );
}

/** Puts `{call_id, field}` into a field of the message, as bytes that are written as they are. */
function enclose(message: Message, outerField: number, callId: number, field: number, payload: Uint8Array): void {
  const data = new BinaryWriter()
    .fork()
    .tag(CALL_ID_FIELD, WireType.Varint)
    .uint32(callId)
    .tag(field, WireType.LengthDelimited)
    .bytes(payload)
    .join()
    .finish();
  message.$unknown = [{ no: outerField, wireType: WireType.LengthDelimited, data }];
}
