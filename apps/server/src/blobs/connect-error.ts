import { BlobOffsetSchema } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { BlobFault } from "./blob-fault.ts";

/** What a caller is told of a store's fault. Any other error is passed on as it is. */
export function connectErrorOf(error: unknown): unknown {
  if (!(error instanceof BlobFault)) return error;
  const { reason, message } = error;
  switch (reason.kind) {
    case "offset": {
      const detail = { desc: BlobOffsetSchema, value: { offset: String(reason.offset) } };
      return new ConnectError(message, Code.FailedPrecondition, undefined, [detail]);
    }
    case "too_long":
    case "mismatch":
      return new ConnectError(message, Code.InvalidArgument);
    case "busy":
      return new ConnectError(message, Code.Aborted);
    case "missing":
      return new ConnectError(message, Code.DataLoss);
    default:
      return reason satisfies never;
  }
}
