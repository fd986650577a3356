import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { sendDirective } from "./directives.ts";
import { listAgents } from "./list.ts";
import { readAgent } from "./read.ts";
import { resetAgent } from "./reset.ts";
import { setDesiredState } from "./set-desired-state.ts";
import { setAgentGrants } from "./set-grants.ts";
import { updateAgent } from "./update-agent.ts";

type Handlers = Pick<
  ServiceImpl<typeof OperatorService>,
  "listAgents" | "getAgent" | "resetAgent" | "setAgentDesiredState" | "setAgentGrants" | "sendDirective" | "updateAgent"
>;

/** What people do with agents. */
export function agentOperatorHandlers(context: ServerContext): Handlers {
  return {
    listAgents: (request) => listAgents(context, request),
    getAgent: async ({ agent }) => ({ agent: await readAgent(context, agent) }),
    async resetAgent({ agent }, call) {
      await resetAgent(context, agent, actorOf(call));
      return { agent: await readAgent(context, agent) };
    },
    async setAgentDesiredState({ agent, desiredState }, call) {
      await setDesiredState(context, agent, desiredState, actorOf(call));
      return { agent: await readAgent(context, agent) };
    },
    async setAgentGrants({ agent, grants }) {
      await setAgentGrants(context, agent, grants);
      return { agent: await readAgent(context, agent) };
    },
    async updateAgent(request) {
      await updateAgent(context, request);
      return { agent: await readAgent(context, request.agent) };
    },
    sendDirective: async ({ agent, directive }, call) => ({
      directive: await sendDirective(context, agent, directive, actorOf(call)),
    }),
  };
}
