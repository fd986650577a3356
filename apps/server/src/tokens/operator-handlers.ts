import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { createToken } from "./create.ts";
import { listTokens } from "./list.ts";
import { revokeToken } from "./revoke.ts";
import { whoAmI } from "./who-am-i.ts";

type Handlers = Pick<ServiceImpl<typeof OperatorService>, "whoAmI" | "createToken" | "listTokens" | "revokeToken">;

/** What people do with tokens, their own included. */
export function tokenOperatorHandlers(context: ServerContext): Handlers {
  return {
    whoAmI: (_request, call) => whoAmI(context, call),
    createToken: (request, call) => createToken(context.db, request, actorOf(call)),
    listTokens: (request) => listTokens(context.db, request),
    revokeToken: async ({ token }) => ({ token: await revokeToken(context.db, token) }),
  };
}
