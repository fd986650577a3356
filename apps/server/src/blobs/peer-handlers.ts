import type { PeerService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { callerOf } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { getBlob } from "./get-blob.ts";
import { putBlob } from "./put-blob.ts";

/** The files of step runs, written and read by agents. */
export function blobHandlers(context: ServerContext): Pick<ServiceImpl<typeof PeerService>, "putBlob" | "getBlob"> {
  return {
    putBlob: async (requests, call) => ({ blob: await putBlob(context, callerOf(call), requests) }),
    getBlob: (request, call) => getBlob(context, callerOf(call), request),
  };
}
