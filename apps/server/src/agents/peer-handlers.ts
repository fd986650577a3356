import type { PeerService } from "@groundcrew/proto";
import { PROTOCOL_MAX, PROTOCOL_MIN, type ServiceImpl } from "@groundcrew/rpc";
import { principalOf } from "@groundcrew/rpc/server";
import type { ServerContext } from "../context.ts";
import type { Poller } from "../queue/next.ts";
import { SERVER_VERSION } from "../version.ts";
import { callerOf } from "./caller.ts";
import { HealthDesk } from "./health.ts";
import { registerAgent } from "./register.ts";
import { takeBye } from "./take-bye.ts";
import { unregisterAgent } from "./unregister.ts";

type Handlers = Pick<ServiceImpl<typeof PeerService>, "version" | "registerAgent" | "unregisterAgent" | "reportHealth">;

/** What agents say about themselves. */
export function agentHandlers(context: ServerContext, poller: Poller): Handlers {
  const health = new HealthDesk(context);
  return {
    version: () => ({ serverVersion: SERVER_VERSION, protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL_MAX }),
    registerAgent: (request, call) => registerAgent(context, principalOf(call), request),
    async unregisterAgent(_request, call) {
      await unregisterAgent(context, callerOf(call));
      return {};
    },
    reportHealth(request, call) {
      const caller = callerOf(call);
      return request.bye ? takeBye({ context, poller, health }, caller, request) : health.report(caller, request);
    },
  };
}
