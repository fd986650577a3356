import { FieldViolationSchema, StaleEpochSchema } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import assert from "node:assert/strict";

/** The error that a call is refused with, which must have this code. */
export async function refusedAs(call: Promise<unknown>, code: Code): Promise<ConnectError> {
  const error = await call.then(
    () => assert.fail(`the call succeeded; expected ${Code[code]}`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ConnectError, `expected a ConnectError, got ${String(error)}`);
  assert.equal(Code[error.code], Code[code], error.rawMessage);
  return error;
}

/** The call must be refused because of this field, by name. */
export async function refusedField(call: Promise<unknown>, field: string): Promise<void> {
  const error = await refusedAs(call, Code.InvalidArgument);
  const violation = detailOf(error, FieldViolationSchema);
  assert.equal(violation?.field, field, error.rawMessage);
  assert.notEqual(violation.expected, "", "it says what would be accepted");
}

/** The call must be refused because the lease is not the caller's. */
export async function refusedAsStale(call: Promise<unknown>, epoch: string): Promise<void> {
  const error = await refusedAs(call, Code.FailedPrecondition);
  assert.equal(detailOf(error, StaleEpochSchema)?.epoch, epoch, error.rawMessage);
}
