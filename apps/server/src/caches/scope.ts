import type { HeldWorkflow } from "../workflows/held-lease.ts";

/** Whose caches: the repository's, or those that one untrusted pipeline of it alone reads. */
export interface CacheScope {
  repository: string;
  /** "0": the repository's own. */
  pipelineId: string;
}

/** Where a workflow's caches are written. What untrusted work has made, only its own pipeline may take for good. */
export function writtenScope({ repository, pipelineId, trusted }: Omit<HeldWorkflow, "workflowId">): CacheScope {
  return { repository, pipelineId: trusted ? "0" : pipelineId };
}

/** The pipelines' ids whose caches a workflow may read: untrusted work reads those of its trusted base as well. */
export function readableScopes(workflow: Omit<HeldWorkflow, "workflowId">): string[] {
  return [...new Set([writtenScope(workflow).pipelineId, "0"])];
}
