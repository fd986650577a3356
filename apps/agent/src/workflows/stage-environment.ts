import { baseEnvironment, type Workspace } from "@groundcrew/engine";
import type { RunStage } from "@groundcrew/proto";
import { compileCache } from "../compile-cache.ts";
import { SYSTEM_ROOT_VARIABLE } from "../stages/sysfs.ts";
import { toolPath } from "../stages/tool-path.ts";

/**
/** What besides the order itself a stage's environment says. */
export interface StageSetting {
  /** Whether it may destroy data at all: the agent's own setting, which no server can change. */
  destructiveTests: boolean;
  /** The folder of a try of the stage that was cut short. */
  previous: string | undefined;
}

/** A stage's whole environment. The system's own folders are in PATH: that is where hardware tools are. */
export function stageEnvironment(
  workspace: Workspace,
  stage: RunStage,
  { destructiveTests, previous }: StageSetting,
): Record<string, string> {
  const base = baseEnvironment(workspace);
  const { destroyData = [], confirmSignatures = [] } = stage.overrides ?? {};
  return {
    ...base,
    PATH: toolPath(base["PATH"] ?? ""),
    GROUNDCREW_STAGE_PARAMETERS: stage.parametersJson,
    GROUNDCREW_STAGE_OVERRIDES: JSON.stringify({ destroyData, confirmSignatures }),
    GROUNDCREW_STAGE_DESTRUCTIVE: destructiveTests ? "1" : "0",
    GROUNDCREW_STAGE_FACTS: stage.factsJson || "{}",
    ...(previous !== undefined && { GROUNDCREW_STAGE_PREVIOUS: previous }),
    ...systemRoot(),
    ...compileCache(),
  };
}

/** A simulated machine stays one for its stages. */
function systemRoot(): Record<string, string> {
  const root = process.env[SYSTEM_ROOT_VARIABLE];
  return root === undefined ? {} : { [SYSTEM_ROOT_VARIABLE]: root };
}
