import type {
  EventFact,
  Facts,
  LeaseFact,
  LogFact,
  OutputFact,
  StepRunFact,
  WorkflowFact,
  WorkflowPlanFact,
} from "../facts.ts";

/** Facts that a test may change. */
export type OpenFacts = { -readonly [K in keyof Facts]: Open<Facts[K]> };

type Open<T> = T extends readonly (infer E)[] ? { -readonly [K in keyof E]: E[K] }[] : T;

/**
 * A stretch in which nothing is wrong, though much happens. "build" lost a1, which was frozen, and succeeded on a2;
 * "test", which depends on it, failed, was tried again, and succeeded; "once", which must never run twice, was lost with
 * a1's kill; "stop" was canceled while it ran; "wait" gave up waiting for an agent; "after" was skipped, as "once" was
 * lost. Times are seconds after `START_MS`.
 */
export function goodFacts(): OpenFacts {
  return {
    workflows: [
      workflow("1", "build", { state: "succeeded", endReason: "completed", epoch: "9" }),
      workflow("2", "test", { state: "succeeded", endReason: "completed", epoch: "13", parents: [on("1", "success")] }),
      workflow("3", "once", { state: "lost", endReason: "agent_restarted", epoch: "11", onAgentLost: "fail" }),
      workflow("4", "stop", { state: "canceled", endReason: "canceled", epoch: "6", cancelRequested: true }),
      workflow("5", "wait", { state: "timed_out", endReason: "queue_timeout", epoch: "0" }),
      workflow("6", "after", { state: "skipped", endReason: "dependency", epoch: "0", parents: [on("3", "success")] }),
    ],
    events: events(),
    leases: [
      lease("5", "1", "a1"),
      lease("6", "4", "a2"),
      lease("9", "1", "a2"),
      lease("11", "3", "a1"),
      lease("12", "2", "a2"),
      lease("13", "2", "a2"),
    ],
    stepRuns: [stepRun("1", "1", "9", 3), stepRun("2", "4", "6", 1), stepRun("3", "2", "13", 3)],
    ttlMs: 3_000,
    slackMs: 1_000,
    accepted: [{ pipeline: "1", workflows: ["1", "2", "3", "4", "5", "6"] }],
    plans: new Map([
      ["1", plan("build")],
      ["2", plan("test", { retryMax: 1 })],
      ["3", plan("once")],
      ["4", plan("stop")],
      ["5", plan("wait", { queueTimeoutMs: 2_000 })],
      ["6", plan("after")],
    ]),
    outputs: [
      ...output("1", "5", "a1", 2, 4),
      ...output("4", "6", "a2", 2),
      ...output("1", "9", "a2", 9, 10),
      ...output("3", "11", "a1", 12),
      ...output("2", "12", "a2", 12, 13),
      ...output("2", "13", "a2", 15, 16),
    ],
    logs: [log("1", "1", "9", 3), log("2", "4", "6", 1), log("3", "2", "13", 3)],
    disturbances: [
      { subject: "a1", how: "freeze", fromMs: at(3), toMs: at(10), wellMs: at(10) },
      { subject: "a1", how: "kill", fromMs: at(13), toMs: at(15), wellMs: at(16) },
    ],
    cancels: [{ workflows: ["4"], askedMs: at(2.9), ackedMs: at(3) }],
    pauses: [{ scope: "queue", target: "", fromMs: at(17), toMs: at(18) }],
    drains: [{ agent: "a2", fromMs: at(17), toMs: at(18), exitCode: 0, limitMs: 15_000 }],
    restarts: [{ agent: "a1", killedMs: at(13), registeredMs: at(14.5) }],
    explained: [{ workflow: "2", reasons: ["workflows"], expected: ["workflows"] }],
    deaths: [],
    leftovers: [],
  };
}

/** When it begins. */
const START_MS = 1_800_000_000_000;

/** A moment of it, in seconds. */
export function at(seconds: number): number {
  return START_MS + seconds * 1_000;
}

/** Transitions as "workflow: from>to reason @epoch by actor, at seconds". */
function events(): EventFact[] {
  return [
    "1: >queued - @0 by admin, 0",
    "2: >blocked - @0 by admin, 0",
    "3: >queued - @0 by admin, 0",
    "4: >queued - @0 by admin, 0",
    "5: >queued - @0 by admin, 0",
    "6: >blocked - @0 by admin, 0",
    "1: queued>leased - @5 by a1, 1",
    "4: queued>leased - @6 by a2, 1",
    "1: leased>running - @5 by a1, 2",
    "4: leased>running - @6 by a2, 2",
    "5: queued>timed_out queue_timeout @0 by server, 2.5",
    "4: running>canceled canceled @6 by a2, 4",
    "1: running>queued agent_lost @5 by server, 6.2",
    "1: queued>leased - @9 by a2, 8",
    "1: leased>running - @9 by a2, 9",
    "1: running>succeeded completed @9 by a2, 10",
    "2: blocked>queued - @0 by server, 10",
    "3: queued>leased - @11 by a1, 11",
    "2: queued>leased - @12 by a2, 11",
    "3: leased>running - @11 by a1, 12",
    "2: leased>running - @12 by a2, 12",
    "2: running>blocked step_failed @12 by a2, 13",
    "2: blocked>queued - @12 by server, 14",
    "3: running>lost agent_restarted @11 by a1, 14.4",
    "6: blocked>skipped dependency @0 by server, 14.4",
    "2: queued>leased - @13 by a2, 14.5",
    "2: leased>running - @13 by a2, 15",
    "2: running>succeeded completed @13 by a2, 16",
  ].map(eventOf);
}

/** Reads one of those. */
export function eventOf(text: string): EventFact {
  const [, workflow = "", from = "", to = "", reason = "", epoch = "", actor = "", seconds = ""] =
    /^(\d+): (\w*)>(\w+) ([\w-]+) @(\d+) by (\w+), ([\d.]+)$/.exec(text) ?? [];
  const atMs = at(Number(seconds));
  return { workflow, from: from || null, to, reason: reason === "-" ? null : reason, epoch, actor, atMs };
}

function workflow(id: string, name: string, own: Partial<WorkflowFact>): WorkflowFact {
  return {
    id,
    pipelineId: "1",
    name,
    state: "queued",
    endReason: null,
    epoch: "0",
    attempt: 1,
    onAgentLost: "requeue",
    timeoutMs: 60_000,
    cancelRequested: false,
    parents: [],
    group: null,
    groupLimit: null,
    retryOf: null,
    createdMs: at(0),
    ...own,
  };
}

function on(id: string, condition: string) {
  return { id, condition };
}

/** A lease that has ended. */
export function lease(epoch: string, workflowId: string, agent: string): LeaseFact {
  return { epoch, workflow: workflowId, agent, ended: true };
}

function plan(name: string, own: Partial<WorkflowPlanFact> = {}): WorkflowPlanFact {
  const steps = [{ name: "s0", lines: 3, exitCode: 0, takesMs: 1_000, timeoutMs: 0 }];
  return { name, delayMs: 0, queueTimeoutMs: 0, retryMax: 0, steps, ...own };
}

function stepRun(id: string, workflowId: string, epoch: string, lines: number): StepRunFact {
  const chunks = [{ firstLine: 0, lineCount: lines, lostBefore: 0 }];
  return { id, workflow: workflowId, epoch, step: "s0", state: "succeeded", nextLine: lines, chunks };
}

/** What a step wrote: that it started, and perhaps that it ended. */
export function output(workflowId: string, epoch: string, agent: string, start: number, end?: number): OutputFact[] {
  const common = { workflow: workflowId, epoch, step: "s0", agent };
  const started: OutputFact = { kind: "start", ...common, atMs: at(start) };
  return end === undefined ? [started] : [started, { kind: "end", ...common, atMs: at(end) }];
}

function log(id: string, workflowId: string, epoch: string, count: number): LogFact {
  const lines = Array.from({ length: count }, (_, index) => `line ${index + 1} of 3`);
  return { stepRun: id, workflow: workflowId, epoch, step: "s0", lines };
}
