import type { OperatorService, Workflow } from "@groundcrew/proto";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@groundcrew/rpc";
import { principalOf } from "@groundcrew/rpc/server";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { readWorkflows } from "../workflows/read.ts";
import { approve } from "./approve.ts";
import { decline } from "./decline.ts";
import { listApprovals } from "./list.ts";

type Handlers = Pick<ServiceImpl<typeof OperatorService>, "listApprovals" | "approve" | "decline">;

/** What people approve and decline. */
export function approvalOperatorHandlers(context: ServerContext): Handlers {
  const shown = async (ids: string[]): Promise<{ workflows: Workflow[] }> => ({
    workflows: await readWorkflows(context.db, ids),
  });
  return {
    listApprovals: (request) => listApprovals(context.db, request),
    async approve(request, call) {
      if (request.withSecrets) requireAdmin(call);
      return shown(await approve(context, request, actorOf(call)));
    },
    decline: async (request, call) => shown(await decline(context, request, actorOf(call))),
  };
}

/** To run a stranger's code and to hand it secrets are separate grants. Throws PERMISSION_DENIED. */
function requireAdmin(call: HandlerContext): void {
  const principal = principalOf(call);
  if (principal.kind === "operator" && principal.role === "admin") return;
  const role = principal.kind === "operator" ? ` with the role ${principal.role}` : "";
  throw new ConnectError(
    `approving with secrets needs an operator token with the role admin; the caller is ${actorOf(call)}${role}`,
    Code.PermissionDenied,
  );
}
