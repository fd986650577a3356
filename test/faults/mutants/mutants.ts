import type { Trouble } from "../schedule.ts";

/** A guard to take out of a copy of the product. */
export interface Mutant {
  name: string;
  /** What is taken out. */
  removes: string;
  /** The invariants of which at least one must be found broken. */
  breaks: readonly string[];
  /** Texts that occur once in a file, and what stands there instead. */
  edits: readonly Edit[];
  /** The kinds of trouble that the guard is for: more of them finds it sooner. */
  more?: readonly Trouble[];
}

interface Edit {
  file: string;
  find: string;
  replace: string;
}

const APPEND = "apps/server/src/logs/append.ts";
const RULES = "apps/server/src/workflows/rules.ts";
const LEASE = "apps/server/src/queue/lease.ts";
const VIEW = "apps/server/src/queue/queue-view.ts";
const TASKS = "apps/server/src/maintenance/tasks.ts";
const REAPER = "apps/server/src/queue/reaper.ts";

/** One for each guard. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "epoch-check",
    removes: "the check that what is reported is under the current epoch",
    breaks: ["ends-are-true", "reports-belong"],
    edits: [
      { file: RULES, find: "stored?.epoch === named.epoch && stored.agentId", replace: "stored?.agentId" },
      {
        file: "apps/server/src/workflows/update.ts",
        find: "and found_epoch = epoch and found_agent_id",
        replace: "and found_agent_id",
      },
    ],
    more: ["haunt"],
  },
  {
    name: "fence",
    removes: "the check that an end is reported by the holder of the lease",
    breaks: ["ends-are-true", "holders-act", "fail-runs-once", "cancels-are-asked", "tries-do-not-overlap"],
    edits: [
      {
        file: RULES,
        find: 'return stored?.epoch === named.epoch && stored.agentId === named.agentId ? "ours" : "stale";',
        replace: 'return stored && named ? "ours" : "stale";',
      },
    ],
    more: ["freeze_agent", "refuse"],
  },
  {
    name: "re-adoption",
    removes: "the fresh start of all leases after an outage of the servers",
    breaks: ["only-lost-agents-lose"],
    edits: [
      { file: REAPER, find: "now() > greatest(w.expires_at, ${upFor(context)})", replace: "now() > w.expires_at" },
    ],
    more: ["kill_all_replicas", "kill_postgres", "freeze_postgres"],
  },
  {
    name: "restart-ends-leases",
    removes: "the end of what a restarted agent does not hold any more",
    breaks: ["restarts-end-leases"],
    edits: [
      {
        file: "apps/server/src/agents/release-held.ts",
        find: "const going = held.filter(({ id, epoch }) => !kept.has(`${id}/${epoch}`)).map(({ id }) => id);",
        replace: "const going = held.filter(() => kept.size < 0).map(({ id }) => id);",
      },
    ],
    more: ["kill_agent"],
  },
  {
    name: "cancel-over-done",
    removes: "the cancel's precedence over a Done that comes later",
    breaks: ["cancel-wins", "acknowledged-cancels"],
    edits: [
      {
        file: RULES,
        find: '"queued" }): Change {\n  if (facts.cancelRequested) return CANCELED;',
        replace: '"queued" }): Change {\n  if (facts.cancelRequested && said.state === "canceled") return CANCELED;',
      },
      {
        file: RULES,
        find: "ending: Ending): Change {\n  if (facts.cancelRequested) return CANCELED;",
        replace: "ending: Ending): Change {",
      },
    ],
    more: ["slow"],
  },
  {
    name: "cancel-over-loss",
    removes: "the cancel's precedence over the loss of an agent",
    breaks: ["canceled-goes-nowhere", "cancel-wins"],
    edits: [
      {
        file: RULES,
        find: "reason: EndReasonName): Change {\n  if (facts.cancelRequested) return CANCELED;",
        replace: "reason: EndReasonName): Change {",
      },
    ],
    more: ["freeze_agent", "kill_agent"],
  },
  {
    name: "line-trim",
    removes: "the trim of lines that are stored already",
    breaks: ["lines-once", "logs-are-whole"],
    edits: [
      { file: APPEND, find: "skipLines(batch, from - firstLine)", replace: "skipLines(batch, 0)" },
      { file: APPEND, find: "lineCount: end - from,", replace: "lineCount: countLines(batch)," },
      {
        file: APPEND,
        find: "log.nextLine = end;\n  return end;",
        replace: "log.nextLine = from + countLines(batch);\n  return log.nextLine;",
      },
    ],
    more: ["lose_answers", "half_open", "cut"],
  },
  {
    name: "dependency-count",
    removes: "the count of parents that have not ended",
    breaks: ["dependencies-hold"],
    edits: [{ file: RULES, find: "return left > 0 ?", replace: "return left > 256 ?" }],
  },
  {
    name: "dependency-condition",
    removes: "the condition under which a parent lets a child go on",
    breaks: ["dependencies-hold"],
    edits: [{ file: RULES, find: 'return parent === "succeeded";', replace: "return hasEnded(parent);" }],
  },
  {
    name: "poll-id",
    removes: "the same answer to the same poll",
    breaks: ["grants-are-told-again"],
    edits: [{ file: LEASE, find: "and w.poll_id = p.poll_id and", replace: "and w.poll_id <> p.poll_id and" }],
    more: ["lose_answers"],
  },
  {
    name: "on-agent-lost",
    removes: "the rule that what must never run twice is not queued again",
    breaks: ["fail-runs-once", "policy-decides"],
    edits: [{ file: RULES, find: 'if (facts.onAgentLost === "fail")', replace: 'if (facts.onAgentLost === "resume")' }],
    more: ["kill_agent"],
  },
  {
    name: "expiry",
    removes: "the end of leases that are not renewed",
    breaks: ["losses-are-acted-on"],
    edits: [{ file: TASKS, find: "run: () => endExpiredLeases(context)", replace: "run: async () => 0" }],
    more: ["freeze_agent", "kill_agent"],
  },
  {
    name: "workflow-timeout",
    removes: "the server's own enforcement of timeouts",
    breaks: ["timeouts-are-true", "timeouts-are-enforced"],
    edits: [
      { file: TASKS, find: "run: () => endOverdueWorkflows(context)", replace: "run: async () => 0" },
      { file: TASKS, find: "run: () => endOverdueSteps(context)", replace: "run: async () => 0" },
      {
        file: "apps/agent/src/workflows/workflow-run.ts",
        find: "if (timeoutMs > 0) timer =",
        replace: "if (timeoutMs < 0) timer =",
      },
    ],
  },
  {
    name: "queue-timeout",
    removes: "the queue timeout",
    breaks: ["queue-timeouts-hold"],
    edits: [{ file: TASKS, find: "run: () => endQueueTimeouts(context)", replace: "run: async () => 0" }],
  },
  {
    name: "delay",
    removes: "the wait for the moment of a delayed start",
    breaks: ["delays-hold"],
    edits: [
      {
        file: "apps/server/src/workflows/due.ts",
        find: "block_reason = 'delay' and not_before <= now()",
        replace: "block_reason = 'delay' and not_before <= now() + interval '1 day'",
      },
      {
        file: "apps/server/src/workflows/children.ts",
        find: "coalesce(w.not_before > now(), false)",
        replace: "false",
      },
    ],
  },
  {
    name: "group-limit",
    removes: "the limit of a concurrency group",
    breaks: ["groups-are-bounded"],
    edits: [
      {
        file: "apps/server/src/workflows/groups.ts",
        find: "const fits = taken < (limit ?? Infinity);",
        replace: "const fits = taken < (limit ?? 0) + 100;",
      },
    ],
  },
  {
    name: "retry-count",
    removes: "the end of automatic retries",
    breaks: ["retries-are-used"],
    edits: [{ file: RULES, find: "retries >= retry.max", replace: "retries > retry.max" }],
  },
  {
    name: "pause",
    removes: "the pause of the queue",
    breaks: ["pauses-hold"],
    edits: [
      { file: LEASE, find: "where p.scope = 'queue' or (p.scope", replace: "where (p.scope" },
      { file: VIEW, find: "if (this.#paused.queue) return [];", replace: "" },
    ],
    more: ["pause_queue"],
  },
  {
    name: "left-processes",
    removes: "the end of what a killed agent process left running",
    breaks: ["tries-do-not-overlap"],
    edits: [{ file: "apps/agent/src/loops/recovery.ts", find: "    await endProcesses(entry);\n", replace: "" }],
    more: ["kill_agent"],
  },
  {
    name: "durable-commit",
    removes: "the wait for a commit to be durable",
    breaks: [
      "accepted-ends",
      "acknowledged-cancels",
      "logs-are-whole",
      "steps-run-once",
      "ends-are-true",
      "holders-act",
      "grants-are-leases",
    ],
    edits: [
      {
        file: "apps/server/src/db/connection.ts",
        find: 'TimeZone: "UTC"',
        replace: 'TimeZone: "UTC", synchronous_commit: "off"',
      },
    ],
    more: ["kill_postgres"],
  },
  {
    name: "idempotency-key",
    removes: "the recognition of a submission that is repeated",
    breaks: ["submitted-once"],
    edits: [
      {
        file: "apps/server/src/workflows/submission.ts",
        find: 'expected: "at most 64 characters" }) || null,',
        replace: 'expected: "at most 64 characters" }) && null,',
      },
    ],
    more: ["kill_replica", "freeze_replica"],
  },
];
