import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { requireId } from "../validate.ts";
import { explainWorkflow } from "./explain.ts";

type Handlers = Pick<ServiceImpl<typeof OperatorService>, "explainWorkflow">;

/** What people ask about work that waits. */
export function explainOperatorHandlers(context: ServerContext): Handlers {
  return { explainWorkflow: ({ id }) => explainWorkflow(context, requireId("id", id)) };
}
