import type { HeldLease } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import type { Db } from "../context.ts";
import { checkedLease, staleEpoch } from "./stale.ts";

/** What a held lease lets its agent read files by. */
export interface HeldWorkflow {
  workflowId: string;
  /** "0" for a vetting run. */
  pipelineId: string;
  repository: string;
  trusted: boolean;
}

/** The workflow of a lease that this agent holds now. Throws INVALID_ARGUMENT, and StaleEpoch for any other lease. */
export async function requireHeld(db: Db, caller: Caller, lease: HeldLease | undefined): Promise<HeldWorkflow> {
  if (!lease) throw invalidField("lease", "absent", "the lease that the file is for");
  const name = checkedLease(lease, "lease.");
  const row = await db
    .selectFrom("leases as l")
    .innerJoin("workflows as w", "w.id", "l.workflow_id")
    .innerJoin("label_classes as c", "c.id", "w.class_id")
    .select(["w.id", "w.pipeline_id", "c.repository", "c.trusted"])
    .where("l.epoch", "=", name.epoch)
    .where("l.workflow_id", "=", name.workflowId)
    .where("l.agent_id", "=", caller.agentId)
    .where("l.ended_at", "is", null)
    .executeTakeFirst();
  if (!row) throw staleEpoch(name, undefined);
  return {
    workflowId: row.id,
    pipelineId: row.pipeline_id ?? "0",
    repository: row.repository,
    trusted: row.trusted,
  };
}
