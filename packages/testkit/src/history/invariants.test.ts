import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { violationsOf } from "./invariant.ts";
import { INVARIANTS } from "./invariants.ts";
import { at, eventOf, goodFacts, lease, output, type OpenFacts } from "./testing/good-facts.ts";

/** Finds what a test changes. Throws when it is not there. */
function one<T>(list: readonly T[], wanted: (each: T) => boolean): T {
  const found = list.find(wanted);
  if (!found) throw new Error("the good facts have no such thing");
  return found;
}

const workflow = (facts: OpenFacts, id: string) => one(facts.workflows, (each) => each.id === id);
const event = (facts: OpenFacts, to: string, epoch: string) =>
  one(facts.events, (each) => each.to === to && each.epoch === epoch);

/** Replaces one transition, named by its end, with others. */
function rewrite(facts: OpenFacts, to: string, epoch: string, ...events: string[]): void {
  facts.events.splice(facts.events.indexOf(event(facts, to, epoch)), 1, ...events.map(eventOf));
}

/** A group of what ran at the same time. */
function grouped(facts: OpenFacts, limit: number): void {
  for (const id of ["2", "3"]) Object.assign(workflow(facts, id), { group: "deploy", groupLimit: limit });
}

/** One bad history for each way to break an invariant: its name, what is wrong, and how it comes to that. */
const BAD: readonly (readonly [string, string, (facts: OpenFacts) => void])[] = [
  [
    "transitions-follow",
    "an end is left",
    (f) => void f.events.push(eventOf("1: succeeded>queued - @9 by server, 20")),
  ],
  ["transitions-follow", "a transition is from another state", (f) => void (event(f, "running", "9").from = "queued")],
  ["transitions-follow", "the row is not where the history ends", (f) => void (workflow(f, "4").state = "failed")],
  ["ends-have-reasons", "a workflow does not say why it ended", (f) => void (workflow(f, "5").endReason = null)],
  ["epochs-grow", "an epoch is older than the one before", (f) => void (event(f, "leased", "9").epoch = "4")],
  ["epochs-grow", "an end is under a stale epoch", (f) => void (event(f, "succeeded", "9").epoch = "5")],
  [
    "one-live-lease",
    "a lease outlives its workflow",
    (f) => void (one(f.leases, (l) => l.epoch === "9").ended = false),
  ],
  ["grants-are-leases", "a lease was never granted", (f) => void f.leases.push(lease("10", "1", "a3"))],
  ["grants-are-leases", "a grant left no lease", (f) => void f.leases.shift()],
  ["holders-act", "another agent ends what it does not hold", (f) => void (event(f, "succeeded", "9").actor = "a1")],
  [
    "reports-belong",
    "a report is under an epoch of nobody's",
    (f) => void (one(f.stepRuns, (s) => s.id === "1").epoch = "8"),
  ],
  [
    "reports-belong",
    "a step run outlives its lease",
    (f) => void (one(f.stepRuns, (s) => s.id === "1").state = "running"),
  ],
  ["cancel-wins", "a canceled workflow succeeded", (f) => void (workflow(f, "1").cancelRequested = true)],
  [
    "acknowledged-cancels",
    "a cancel was forgotten",
    (f) => void f.cancels.push({ workflows: ["2"], askedMs: at(9), ackedMs: at(10) }),
  ],
  ["cancels-are-asked", "nobody had asked for a cancel", (f) => void (f.cancels = [])],
  [
    "canceled-goes-nowhere",
    "a canceled workflow is queued again",
    (f) =>
      rewrite(
        f,
        "canceled",
        "6",
        "4: running>queued agent_lost @6 by server, 4",
        "4: queued>canceled canceled @6 by server, 5",
      ),
  ],
  [
    "lines-once",
    "lines are stored twice",
    (f) =>
      void (one(f.stepRuns, (s) => s.id === "1").chunks = [
        { firstLine: 0, lineCount: 2, lostBefore: 0 },
        { firstLine: 1, lineCount: 2, lostBefore: 0 },
      ]),
  ],
  ["lines-once", "lines are missing", (f) => void (one(f.stepRuns, (s) => s.id === "1").nextLine = 4)],
  ["dependencies-hold", "a child starts too early", (f) => void (event(f, "leased", "12").atMs = at(9))],
  [
    "dependencies-hold",
    "a child starts though its parent failed",
    (f) => void (event(f, "succeeded", "9").to = "failed"),
  ],
  [
    "dependencies-hold",
    "a retry does not wait for what still ran when it was made",
    (f) => {
      workflow(f, "2").retryOf = "5";
      one(f.events, (each) => each.workflow === "2" && each.from === null).atMs = at(1);
      event(f, "succeeded", "9").to = "failed";
    },
  ],
  ["dependencies-hold", "a child is skipped without need", (f) => void (event(f, "lost", "11").to = "succeeded")],
  ["groups-are-bounded", "a group has more than its places", (f) => grouped(f, 1)],
  [
    "accepted-ends",
    "what was accepted is gone",
    (f) => void (f.workflows = f.workflows.filter(({ id }) => id !== "5")),
  ],
  ["accepted-ends", "what was accepted has not ended", (f) => void (workflow(f, "5").state = "queued")],
  ["submitted-once", "a pipeline was made twice", (f) => void f.workflows.push({ ...workflow(f, "5"), id: "7" })],
  ["nothing-dies", "a server died", (f) => void (f.deaths = ["r1 ended by itself"])],
  ["steps-run-once", "a step runs twice under one epoch", (f) => void f.outputs.push(...output("1", "9", "a2", 9.5))],
  ["steps-run-once", "an agent runs what another holds", (f) => void f.outputs.push(...output("3", "12", "a1", 9.5))],
  ["fail-runs-once", "what must never run twice did", (f) => void f.outputs.push(...output("3", "12", "a2", 14))],
  [
    "tries-do-not-overlap",
    "a try that was handed back runs on",
    (f) => {
      event(f, "blocked", "12").reason = "handed_back";
      one(f.outputs, ({ epoch, kind }) => epoch === "12" && kind === "end").atMs = at(15.5);
    },
  ],
  [
    "ends-are-true",
    "it succeeded without having run",
    (f) => void (f.outputs = f.outputs.filter(({ epoch }) => epoch !== "9")),
  ],
  [
    "ends-are-true",
    "it succeeded though a step fails",
    (f) => void f.plans.get("1")?.steps.map((step) => Object.assign(step, { exitCode: 1 })),
  ],
  ["only-lost-agents-lose", "a lease ran out of an agent that was well", (f) => void f.disturbances.shift()],
  [
    "only-lost-agents-lose",
    "a lease ran out right after an outage of the servers",
    (f) => void (f.disturbances = [{ subject: "servers", how: "kill", fromMs: at(2), toMs: at(5), wellMs: at(8) }]),
  ],
  [
    "grants-are-told-again",
    "a grant of a well agent was lost",
    (f) => rewrite(f, "running", "13", "2: leased>queued grant_lost @13 by server, 25"),
  ],
  ["losses-are-acted-on", "a lost agent's lease lives on", (f) => void (event(f, "queued", "5").atMs = at(8))],
  ["policy-decides", "what must never run twice is queued again", (f) => void (event(f, "lost", "11").to = "queued")],
  ["policy-decides", "what is to be queued again is lost", (f) => void (event(f, "queued", "5").to = "lost")],
  [
    "restarts-end-leases",
    "a lease outlives the restart of its agent",
    (f) => void (event(f, "lost", "11").atMs = at(15)),
  ],
  [
    "logs-are-whole",
    "a line is missing",
    (f) => void (one(f.logs, (l) => l.stepRun === "1").lines = ["line 1 of 3", "line 3 of 3"]),
  ],
  ["logs-are-whole", "the end is missing", (f) => void (one(f.logs, (l) => l.stepRun === "1").lines = ["line 1 of 3"])],
  [
    "logs-are-whole",
    "a line is there twice",
    (f) => void (one(f.logs, (l) => l.stepRun === "2").lines = ["line 1 of 3", "line 1 of 3"]),
  ],
  ["timeouts-are-true", "it took too long and succeeded", (f) => void (workflow(f, "1").timeoutMs = 500)],
  ["timeouts-are-true", "it was quick and timed out", (f) => void (workflow(f, "1").endReason = "workflow_timeout")],
  [
    "timeouts-are-enforced",
    "a try outlives its timeout",
    (f) => {
      workflow(f, "2").timeoutMs = 1_000;
      event(f, "succeeded", "13").atMs = at(25);
    },
  ],
  ["queue-timeouts-hold", "it gave up too early", (f) => void (event(f, "timed_out", "0").atMs = at(1))],
  ["queue-timeouts-hold", "it never gave up", (f) => void (workflow(f, "5").endReason = "agent_error")],
  ["retries-are-used", "it was tried too often", (f) => void Object.assign(f.plans.get("2") ?? {}, { retryMax: 0 })],
  [
    "retries-are-used",
    "it was not tried again",
    (f) => {
      Object.assign(f.plans.get("1") ?? {}, { retryMax: 1 });
      workflow(f, "1").endReason = "step_failed";
    },
  ],
  ["delays-hold", "it started before its time", (f) => void Object.assign(f.plans.get("1") ?? {}, { delayMs: 1_500 })],
  [
    "pauses-hold",
    "work was given out in a pause",
    (f) => void f.pauses.push({ scope: "agent", target: "a2", fromMs: at(7), toMs: at(9) }),
  ],
  ["nothing-is-left", "a process outlived its step", (f) => void (f.leftovers = ["a1: sleep 600"])],
  ["drains-are-clean", "a drained agent failed", (f) => void (one(f.drains, () => true).exitCode = 1)],
  ["drains-are-clean", "a draining agent took work", (f) => void (one(f.drains, () => true).fromMs = at(13))],
  [
    "drains-are-clean",
    "a drained agent left a lease",
    (f) => {
      f.disturbances = [];
      f.drains = [{ agent: "a2", fromMs: at(15.2), toMs: at(15.5), exitCode: 0, limitMs: 15_000 }];
    },
  ],
  [
    "explanations-are-right",
    "an explanation names something else",
    (f) => void (one(f.explained, () => true).reasons = ["slot"]),
  ],
];

suite("invariants", () => {
  test("hold when nothing is wrong", () => assert.deepEqual(violationsOf(goodFacts(), INVARIANTS), []));

  for (const [name, what, spoil] of BAD) {
    test(`${name} is broken when ${what}`, () => {
      const facts = goodFacts();
      spoil(facts);
      const broken = violationsOf(facts, INVARIANTS).map(({ invariant }) => invariant);
      assert.ok(broken.includes(name), `broken: ${broken.join(", ") || "none"}`);
    });
  }

  test("each can be broken", () => {
    const shown = new Set(BAD.map(([name]) => name));
    assert.deepEqual(
      INVARIANTS.filter(({ name }) => !shown.has(name)).map(({ name }) => name),
      [],
    );
  });

  test("hold of a workflow that an operator retried by itself, whatever had become of what it depends on", () => {
    const facts = goodFacts();
    workflow(facts, "2").retryOf = "5";
    one(facts.events, (each) => each.workflow === "2" && each.from === null).atMs = at(11);
    for (const parent of workflow(facts, "2").parents) Object.assign(parent, { condition: "failure" });
    assert.deepEqual(violationsOf(facts, INVARIANTS), []);
  });

  test("hold of a workflow that was never submitted to an end: it is not accepted", () => {
    const facts = goodFacts();
    workflow(facts, "5").state = "queued";
    facts.events = facts.events
      .filter(({ workflow }) => workflow !== "5")
      .concat(eventOf("5: >queued - @0 by admin, 0"));
    const broken = violationsOf(facts, INVARIANTS).map(({ invariant }) => invariant);
    assert.deepEqual(broken, ["accepted-ends", "queue-timeouts-hold"]);
  });
});
