import { create } from "@bufbuild/protobuf";
import { ExplainWorkflowResponseSchema, NextRequestSchema, type WaitReason } from "@groundcrew/proto";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { takes } from "../queue/eligibility.ts";
import { Poller } from "../queue/next.ts";
import { testContext } from "../testing/context.ts";
import { offeredBy, readAgents } from "./agents.ts";
import { explainWorkflow } from "./explain.ts";
import { wantedOf } from "./subject.ts";
import { arrange, situations, type Polling, type Situation } from "./testing/situation.ts";

// Promise 7: what is said of a workflow that waits agrees with what the matcher then does. Fleets, classes, pauses and
// queues are made up; every waiting workflow is asked about; then every connected agent polls once with all its slots.

/** One agent takes the head of what both may take; the other must not come away with less than it has slots for. */
const AGENTS_OF_DIFFERENT_GRANTS: Situation = {
  agents: [
    {
      serves: "build",
      labels: { os: "*" },
      machine: 0,
      capacity: 1,
      busy: 0,
      lifecycle: "ready",
      paused: false,
      connected: true,
      grant_owners: [],
      grant_repositories: [],
      grant_untrusted: false,
    },
    {
      serves: "build",
      labels: { os: "*" },
      machine: 0,
      capacity: 2,
      busy: 0,
      lifecycle: "ready",
      paused: false,
      connected: true,
      grant_owners: [],
      grant_repositories: [],
      grant_untrusted: true,
    },
  ],
  workflows: [
    {
      waitsFor: "an agent",
      priority: 0,
      fairKey: 0,
      kind: "build",
      labels: { os: "x" },
      repository: "acme/api",
      trusted: false,
      machine: null,
    },
    {
      waitsFor: "an agent",
      priority: 0,
      fairKey: 0,
      kind: "build",
      labels: {},
      repository: "acme/api",
      trusted: true,
      machine: null,
    },
    {
      waitsFor: "an agent",
      priority: -1,
      fairKey: 0,
      kind: "build",
      labels: {},
      repository: "acme/api",
      trusted: true,
      machine: null,
    },
  ],
  pauses: { queue: false, repositories: [] },
};

suite("what is said of a workflow that waits", () => {
  test("agrees with what the matcher does next", async (t) => {
    const context = await testContext(t);
    const property = fc.asyncProperty(situations, async (situation) => {
      const polling = await arrange(context, situation);
      const said = await explainAll(context);
      const mayTake = await readTakers(context);
      await round(context, polling);
      await compare(context, said, mayTake);
    });
    await fc.assert(property, { numRuns: 30, examples: [[AGENTS_OF_DIFFERENT_GRANTS]] });
  });
});

/** What is said of a workflow before the round. */
interface Said {
  id: string;
  class_id: number;
  reasons: WaitReason[];
}

async function explainAll(context: ServerContext): Promise<Said[]> {
  const waiting = await inOrder(context).where("state", "in", ["blocked", "queued"]).execute();
  const said = waiting.map(async ({ id, class_id }) => {
    const { reasons } = create(ExplainWorkflowResponseSchema, await explainWorkflow(context, id));
    return { id, class_id, reasons };
  });
  return Promise.all(said);
}

/** In the order in which work is leased. */
function inOrder({ db }: ServerContext) {
  return db
    .selectFrom("workflows")
    .select(["id", "class_id", "agent_name"])
    .orderBy("priority", "desc")
    .orderBy("fair_key")
    .orderBy("id");
}

/** Which agents may take which class, by the matcher's own rule. */
async function readTakers(context: ServerContext): Promise<(agent: string, classId: number) => boolean> {
  const fleet = new Map((await readAgents(context.db, context.intervals)).map((agent) => [agent.name, agent]));
  const rows = await context.db.selectFrom("label_classes").selectAll().execute();
  const classes = new Map(rows.map((row) => [row.id, row]));
  return (agent, classId) => {
    const [offered, wanted] = [fleet.get(agent), classes.get(classId)];
    assert.ok(offered && wanted);
    return takes(offeredBy(offered), wantedOf(wanted));
  };
}

async function round(context: ServerContext, polling: readonly Polling[]): Promise<void> {
  const poller = new Poller(context);
  const polls = polling.map(({ agentId, name, free }) =>
    poller.nextNow({ agentId, name, generation: "1" }, create(NextRequestSchema, { pollId: name, freeSlots: free })),
  );
  await Promise.all(polls);
}

async function compare(
  context: ServerContext,
  said: readonly Said[],
  mayTake: (agent: string, classId: number) => boolean,
): Promise<void> {
  const leased = await inOrder(context).where("state", "=", "leased").execute();
  const taken = new Set(leased.map(({ id }) => id));
  for (const { id, class_id, reasons } of said) {
    const kinds = reasons.map(({ reason }) => reason.case);
    const about = `workflow ${id}, of which was said ${JSON.stringify(reasons.map(({ text }) => text))}`;
    if (kinds.length === 0) assert.ok(taken.has(id), `${about}, was not leased`);
    if (kinds.some((reason) => reason !== "turn")) assert.ok(!taken.has(id), `${about}, was leased`);
    const turn = reasons.map(({ reason }) => reason).find((reason) => reason.case === "turn");
    if (!turn) continue;
    const others = leased.filter((other) => other.id !== id && mayTake(other.agent_name ?? "", class_id));
    const order = leased.findIndex((other) => other.id === id);
    const ahead = order < 0 ? others : others.filter((other) => leased.indexOf(other) < order);
    assert.ok(ahead.length <= turn.value.ahead, `${about}, saw ${ahead.length} others leased before it`);
  }
}
