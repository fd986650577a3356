import { baseEnvironment, type Workspace } from "@groundcrew/engine";
import type { RunStage } from "@groundcrew/proto";
import { compileCache } from "../compile-cache.ts";

/** A stage's whole environment. The system's own folders are in PATH: that is where hardware tools are. */
export function stageEnvironment(workspace: Workspace, stage: RunStage): Record<string, string> {
  const base = baseEnvironment(workspace);
  return {
    ...base,
    PATH: `${base["PATH"]}:/usr/local/sbin:/usr/sbin:/sbin`,
    GROUNDCREW_STAGE_PARAMETERS: stage.parametersJson,
    GROUNDCREW_STAGE_OVERRIDES: JSON.stringify({ destroyData: stage.overrides?.destroyData ?? [] }),
    GROUNDCREW_STAGE_FACTS: stage.factsJson || "{}",
    ...compileCache(),
  };
}
