import type { ServerContext } from "../context.ts";
import { endExpiredLeases, endLostGrants, endOverdueSteps, endOverdueWorkflows } from "../queue/reaper.ts";
import { admitDelayed, admitToGroups, endQueueTimeouts } from "../workflows/due.ts";
import { removeGoneReplicas } from "./gone-replicas.ts";
import { removeOldLeases } from "./old-leases.ts";
import type { Task } from "./repeat.ts";
import { removeOldPipelines, removeOldVettingRuns } from "./retention.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** What the elected replica does. `retentionMs` is how long finished work is kept, in milliseconds; 0: for ever. */
export function maintenanceTasks(context: ServerContext, { retentionMs }: { retentionMs: number }): Task[] {
  return [...endings(context), ...moments(context), ...clearings(context, retentionMs)];
}

function endings(context: ServerContext): Task[] {
  const everyMs = Math.min(context.intervals.leaseTtlMs / 30, SECOND_MS);
  return [
    { name: "expired leases", everyMs, run: () => endExpiredLeases(context) },
    { name: "lost grants", everyMs, run: () => endLostGrants(context) },
    { name: "overdue workflows", everyMs, run: () => endOverdueWorkflows(context) },
    { name: "overdue steps", everyMs, run: () => endOverdueSteps(context) },
  ];
}

/** What waits for a moment, or for a place that nobody gave it. */
function moments(context: ServerContext): Task[] {
  const everyMs = SECOND_MS;
  return [
    { name: "delayed workflows", everyMs, run: () => admitDelayed(context) },
    { name: "queue timeouts", everyMs, run: () => endQueueTimeouts(context) },
    { name: "free places in groups", everyMs, run: () => admitToGroups(context) },
  ];
}

function clearings(context: ServerContext, retentionMs: number): Task[] {
  const everyMs = HOUR_MS;
  const always: Task[] = [
    { name: "gone replicas", everyMs, run: () => removeGoneReplicas(context) },
    { name: "old leases", everyMs, run: () => removeOldLeases(context) },
  ];
  if (retentionMs === 0) return always;
  return [
    ...always,
    { name: "old pipelines", everyMs, run: () => removeOldPipelines(context, retentionMs) },
    { name: "old vetting runs", everyMs, run: () => removeOldVettingRuns(context, retentionMs) },
  ];
}
