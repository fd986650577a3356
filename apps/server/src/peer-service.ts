import type { PeerService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { agentHandlers } from "./agents/peer-handlers.ts";
import { artifactHandlers } from "./artifacts/peer-handlers.ts";
import { blobHandlers } from "./blobs/peer-handlers.ts";
import { cacheHandlers } from "./caches/peer-handlers.ts";
import type { ServerContext } from "./context.ts";
import { workflowHandlers } from "./workflows/peer-handlers.ts";

/** What agents call. */
export function peerService(context: ServerContext): ServiceImpl<typeof PeerService> {
  return {
    ...agentHandlers(context),
    ...workflowHandlers(context),
    ...blobHandlers(context),
    ...artifactHandlers(context),
    ...cacheHandlers(context),
  };
}
