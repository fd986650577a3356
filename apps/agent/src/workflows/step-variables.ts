import type { Grant } from "@groundcrew/proto";

/** What the agent tells every step of a build, beneath the variables of its plan. The operator's own win over ours. */
export function stepVariables(
  grant: Grant,
  { agentName, stepEnv }: { agentName: string; stepEnv: Record<string, string> },
): Record<string, string> {
  return {
    GROUNDCREW_PIPELINE_ID: grant.pipelineId,
    GROUNDCREW_WORKFLOW_ID: grant.workflowId,
    GROUNDCREW_WORKFLOW: grant.name,
    GROUNDCREW_ATTEMPT: String(grant.attempt),
    GROUNDCREW_AGENT: agentName,
    ...stepEnv,
  };
}
