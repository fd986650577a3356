import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { tailLogs } from "./tail.ts";

/** What people read of logs. */
export function logOperatorHandlers(context: ServerContext): Pick<ServiceImpl<typeof OperatorService>, "tailLogs"> {
  return { tailLogs: (request, call) => tailLogs(context, request, call.signal) };
}
