import { removeTerminatedAgents } from "../agents/remove-terminated.ts";
import { evictCaches, type CacheLimits } from "../caches/evict.ts";
import { removeUnnamedBlobs } from "../blobs/unnamed.ts";
import type { ServerContext } from "../context.ts";
import { moveLogs } from "../logs/archive/move-logs.ts";
import { dropLogDays, makeLogDays } from "../logs/days.ts";
import { sweepLogs } from "../logs/sweep.ts";
import { endExpiredLeases, endLostGrants, endOverdueSteps, endOverdueWorkflows } from "../queue/reaper.ts";
import { removeOldSecretEvents } from "../secrets/audit.ts";
import { endExpiredHolds, failHungStages } from "../vetting/due.ts";
import { admitDelayed, admitToGroups, endQueueTimeouts } from "../workflows/due.ts";
import { admitBatches } from "../vetting/batches/admit.ts";
import { removeGoneReplicas } from "./gone-replicas.ts";
import { removeOldLeases } from "./old-leases.ts";
import type { Task } from "./repeat.ts";
import { removeOldPipelines, removeOldVettingRuns, removeSurplusPipelines } from "./retention.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** The sweep looks at every step run with chunks; most go with their day's table before. */
const SWEEP_MS = 6 * HOUR_MS;

/** How long things are kept, and where. */
interface Keeping extends CacheLimits {
  /** Finished work, in milliseconds; 0: for ever. */
  retentionMs: number;
  /** How many pipelines of a repository are kept. 0: any number. */
  retentionCount: number;
  /** How long after its end a workflow's logs are moved to the object store, in milliseconds. 0: never. */
  moveLogsAfterMs: number;
}

/** What the elected replica does. */
export function maintenanceTasks(context: ServerContext, keeping: Keeping): Task[] {
  return [...endings(context), ...moments(context), ...clearings(context, keeping), ...logs(context, keeping)];
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
    { name: "expired holds", everyMs, run: () => endExpiredHolds(context) },
    { name: "hung machines", everyMs, run: () => failHungStages(context) },
    { name: "free places in batches", everyMs, run: () => admitBatches(context) },
  ];
}

function clearings(context: ServerContext, { retentionMs, retentionCount, ...cacheLimits }: Keeping): Task[] {
  const everyMs = HOUR_MS;
  const always: Task[] = [
    { name: "gone replicas", everyMs, run: () => removeGoneReplicas(context) },
    { name: "old leases", everyMs, run: () => removeOldLeases(context) },
    { name: "agents that left", everyMs, run: () => removeTerminatedAgents(context) },
    { name: "old secret events", everyMs, run: () => removeOldSecretEvents(context) },
    { name: "old caches", everyMs, run: () => evictCaches(context, cacheLimits) },
    { name: "unnamed files", everyMs, run: () => removeUnnamedBlobs(context) },
  ];
  const byTime: Task[] = [
    { name: "old pipelines", everyMs, run: () => removeOldPipelines(context, retentionMs) },
    { name: "old vetting runs", everyMs, run: () => removeOldVettingRuns(context, retentionMs) },
  ];
  const surplus = { name: "surplus pipelines", everyMs, run: () => removeSurplusPipelines(context, retentionCount) };
  return [...always, ...(retentionMs > 0 ? byTime : []), ...(retentionCount > 0 ? [surplus] : [])];
}

function logs(context: ServerContext, { moveLogsAfterMs }: Keeping): Task[] {
  const everyMs = HOUR_MS;
  const always: Task[] = [
    { name: "tables of log days ahead", everyMs, run: () => makeLogDays(context) },
    { name: "tables of log days past", everyMs, run: () => dropLogDays(context) },
    { name: "what is left of logs", everyMs: SWEEP_MS, run: () => sweepLogs(context) },
  ];
  const move = { name: "logs to move", everyMs, run: () => moveLogs(context, moveLogsAfterMs) };
  return moveLogsAfterMs > 0 ? [...always, move] : always;
}
