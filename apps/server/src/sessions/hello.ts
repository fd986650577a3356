import type { Hello } from "@groundcrew/proto";
import { invalidField, PROTOCOL_MAX } from "@groundcrew/rpc";
import { checkProtocol } from "../agents/check-protocol.ts";

/** The highest protocol version that agent and server both speak. Throws, naming both ranges, when there is none. */
export function agreedProtocol({ protocolMin, protocolMax }: Hello): number {
  if (protocolMin > protocolMax) {
    throw invalidField("hello.protocol_min", protocolMin, `at most protocol_max, which is ${protocolMax}`);
  }
  const version = Math.min(protocolMax, PROTOCOL_MAX);
  // An agent whose oldest is newer than ours is told so by that one.
  checkProtocol(Math.max(version, protocolMin));
  return version;
}
