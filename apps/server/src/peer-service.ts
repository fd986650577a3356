import type { PeerService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { agentHandlers } from "./agents/peer-handlers.ts";
import { artifactHandlers } from "./artifacts/peer-handlers.ts";
import { blobHandlers } from "./blobs/peer-handlers.ts";
import { cacheHandlers } from "./caches/peer-handlers.ts";
import type { ServerContext } from "./context.ts";
import { Poller } from "./queue/next.ts";
import { workflowHandlers } from "./workflows/peer-handlers.ts";

/** What agents call. */
export function peerService(context: ServerContext): ServiceImpl<typeof PeerService> {
  const poller = new Poller(context);
  return {
    ...agentHandlers(context, poller),
    ...workflowHandlers(context, poller),
    ...blobHandlers(context),
    ...artifactHandlers(context),
    ...cacheHandlers(context),
  };
}
