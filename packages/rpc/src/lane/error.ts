import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  FieldViolationSchema,
  LaneErrorSchema,
  LinesMissingSchema,
  StaleEpochSchema,
  SupersededSchema,
  type LaneError,
} from "@groundcrew/proto";
import { detailOf } from "../errors.ts";

/** An error as the lane carries it, with the typed details on which agents act. */
export function laneErrorOf(error: ConnectError): LaneError {
  const message = create(LaneErrorSchema, { code: error.code, message: error.rawMessage });
  if (error.details.length === 0) return message;
  const found = {
    staleEpoch: detailOf(error, StaleEpochSchema),
    linesMissing: detailOf(error, LinesMissingSchema),
    fieldViolation: detailOf(error, FieldViolationSchema),
    superseded: detailOf(error, SupersededSchema),
  };
  return Object.assign(message, found);
}

/** The error that a call fails with, the same as a unary call's. */
export function connectErrorOf(error: LaneError): ConnectError {
  const code = Code[error.code] === undefined ? Code.Unknown : (error.code as Code);
  const details = [
    ...detail(StaleEpochSchema, error.staleEpoch),
    ...detail(LinesMissingSchema, error.linesMissing),
    ...detail(FieldViolationSchema, error.fieldViolation),
    ...detail(SupersededSchema, error.superseded),
  ];
  return new ConnectError(error.message, code, undefined, details);
}

function detail<D extends DescMessage>(desc: D, value: MessageShape<D> | undefined) {
  return value === undefined ? [] : [{ desc, value: value as MessageInitShape<D> }];
}
