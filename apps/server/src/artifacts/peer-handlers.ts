import type { PeerService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { callerOf } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { requireText } from "../validate.ts";
import { requireHeld } from "../workflows/held-lease.ts";
import { findArtifact } from "./find-artifact.ts";

/** Artifacts, as agents look them up. */
export function artifactHandlers({
  db,
}: Pick<ServerContext, "db">): Pick<ServiceImpl<typeof PeerService>, "findArtifact"> {
  return {
    async findArtifact({ lease, workflow, artifact }, call) {
      const name = {
        workflow: requireText("workflow", workflow, { max: 300, expected: "at most 300 characters" }),
        artifact: requireText("artifact", artifact, { min: 1, max: 200, expected: "1 to 200 characters" }),
      };
      const blob = await findArtifact(db, await requireHeld(db, callerOf(call), lease), name);
      return blob ? { blob } : {};
    },
  };
}
