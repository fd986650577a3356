import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { listArtifacts } from "./list.ts";
import { readArtifact } from "./read.ts";

/** What people do with artifacts. */
export function artifactOperatorHandlers(
  context: ServerContext,
): Pick<ServiceImpl<typeof OperatorService>, "listArtifacts" | "getArtifact"> {
  return {
    listArtifacts: (request) => listArtifacts(context.db, request),
    getArtifact: (request) => readArtifact(context, request),
  };
}
