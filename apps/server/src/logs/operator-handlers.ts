import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { downloadLogs } from "./download.ts";
import { searchLogs } from "./search.ts";
import { SharedReads } from "./shared-reads.ts";
import { tailLogs } from "./tail.ts";

/** What people read of logs. */
export function logOperatorHandlers(
  context: ServerContext,
): Pick<ServiceImpl<typeof OperatorService>, "tailLogs" | "downloadLogs" | "searchLogs"> {
  const reads = new SharedReads(context.db);
  return {
    tailLogs: (request, call) => tailLogs(context, request, call.signal, reads),
    downloadLogs: (request) => downloadLogs(context, request),
    searchLogs: (request) => searchLogs(context, request),
  };
}
