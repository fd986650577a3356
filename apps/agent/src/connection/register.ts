import { PROTOCOL_MAX, PROTOCOL_MIN } from "@groundcrew/rpc";
import { DesiredState, type RegisterAgentResponse } from "@groundcrew/proto";
import { ExitCode, FatalError } from "../exit.ts";
import { VERSION } from "../version.ts";
import type { describeAgent } from "./describe-agent.ts";
import type { ServerLink } from "./server-link.ts";

/** What an agent says about itself. */
export type AgentDescription = Awaited<ReturnType<typeof describeAgent>>;

/** A server's protocol versions. */
export interface ProtocolRange {
  min: number;
  max: number;
}

const OWN_RANGE: ProtocolRange = { min: PROTOCOL_MIN, max: PROTOCOL_MAX };

/** Agrees on a protocol version and announces this process. Waits for the server as long as it takes. */
export async function register(
  link: ServerLink,
  info: AgentDescription,
  signal: AbortSignal,
): Promise<RegisterAgentResponse> {
  const server = await link.untilAnswered((client, how) => client.version({}, how), { signal });
  const protocolVersion = pickProtocol({ min: server.protocolMin, max: server.protocolMax });
  const request = { info, protocolVersion };
  const answer = await link.untilAnswered((client, how) => client.registerAgent(request, how), { signal });
  if (answer.desiredState === DesiredState.TERMINATED) throw terminated();
  return answer;
}

/** The highest version both speak. Throws a FatalError that names both ranges when there is none. */
export function pickProtocol(server: ProtocolRange, own = OWN_RANGE): number {
  const highest = Math.min(server.max, own.max);
  if (highest >= Math.max(server.min, own.min)) return highest;
  const older = server.max < own.min ? "server" : "agent";
  throw new FatalError(
    ExitCode.PROTOCOL_MISMATCH,
    `the server speaks protocol versions ${server.min} to ${server.max}, this agent (${VERSION}) ${own.min} to ` +
      `${own.max}: none is common; upgrade the ${older}`,
  );
}

/** The operator has removed this agent. */
export function terminated(): FatalError {
  return new FatalError(ExitCode.REFUSED, "the operator removed this agent; it stops and must not be restarted");
}
