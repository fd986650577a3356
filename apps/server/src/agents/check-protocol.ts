import { ProtocolMismatchSchema } from "@groundcrew/proto";
import { Code, ConnectError, PROTOCOL_MAX, PROTOCOL_MIN } from "@groundcrew/rpc";

/** Throws FAILED_PRECONDITION with the typed detail when this server does not speak the version. */
export function checkProtocol(version: number): void {
  if (version >= PROTOCOL_MIN && version <= PROTOCOL_MAX) return;
  const message = `the agent speaks protocol ${version}, this server ${PROTOCOL_MIN} to ${PROTOCOL_MAX}`;
  throw new ConnectError(message, Code.FailedPrecondition, undefined, [
    {
      desc: ProtocolMismatchSchema,
      value: { serverMin: PROTOCOL_MIN, serverMax: PROTOCOL_MAX, client: version },
    },
  ]);
}
