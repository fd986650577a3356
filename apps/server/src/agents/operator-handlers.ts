import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { listAgents } from "./list.ts";
import { readAgent } from "./read.ts";
import { resetAgent } from "./reset.ts";

type Handlers = Pick<ServiceImpl<typeof OperatorService>, "listAgents" | "getAgent" | "resetAgent">;

/** What people do with agents. */
export function agentOperatorHandlers(context: ServerContext): Handlers {
  return {
    listAgents: (request) => listAgents(context, request),
    getAgent: async ({ agent }) => ({ agent: await readAgent(context, agent) }),
    async resetAgent({ agent }, call) {
      await resetAgent(context, agent, actorOf(call));
      return { agent: await readAgent(context, agent) };
    },
  };
}
