import { userInfo } from "node:os";
import type { BuildPlan, Grant, StepPlan } from "@groundcrew/proto";
import { compileCache } from "../compile-cache.ts";
import type { Workspace } from "./workspace.ts";

/** What a step's environment is made of. */
export interface StepEnvironment {
  grant: Grant;
  plan: BuildPlan;
  step: StepPlan;
  workspace: Workspace;
  agentName: string;
  /** The operator's variables for every step (`--step-env`). */
  stepEnv: Record<string, string>;
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A step's whole environment: nothing of the agent's but PATH. Later ones win: ours, operator, workflow, step. */
export function stepEnvironment(options: StepEnvironment): Record<string, string> {
  const { grant, plan, step, workspace, agentName, stepEnv } = options;
  return {
    ...baseEnvironment(workspace),
    TERM: "dumb",
    CI: "true",
    GROUNDCREW: "true",
    GROUNDCREW_PIPELINE_ID: grant.pipelineId,
    GROUNDCREW_WORKFLOW_ID: grant.workflowId,
    GROUNDCREW_WORKFLOW: grant.name,
    GROUNDCREW_STEP: step.name,
    GROUNDCREW_ATTEMPT: String(grant.attempt),
    GROUNDCREW_AGENT: agentName,
    ...stepEnv,
    ...plan.env,
    ...step.env,
  };
}

/** A stage's whole environment. The system's own folders are in PATH: that is where hardware tools are. */
export function stageEnvironment(workspace: Workspace, parametersJson: string): Record<string, string> {
  const base = baseEnvironment(workspace);
  return {
    ...base,
    PATH: `${base["PATH"]}:/usr/local/sbin:/usr/sbin:/sbin`,
    GROUNDCREW_STAGE_PARAMETERS: parametersJson,
    ...compileCache(),
  };
}

function baseEnvironment({ home, temporary }: Workspace): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? DEFAULT_PATH,
    HOME: home,
    TMPDIR: temporary,
    USER: userName(),
    LANG: "C.UTF-8",
  };
}

// A user id without an entry in the user database is usual in containers.
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "");
  }
}
