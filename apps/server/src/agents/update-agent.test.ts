import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  RegisterAgentRequestSchema,
  ReportHealthRequestSchema,
  UpdateAgentRequestSchema,
  WorkKind,
} from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { Poller } from "../queue/next.ts";
import { alone, Held, round } from "../queue/testing/held-polls.ts";
import { testContext } from "../testing/context.ts";
import { agentInfo, enrolAgent, enrolmentToken, insertWorkflow, poll } from "../testing/fleet.ts";
import type { Caller } from "./caller.ts";
import { HealthDesk } from "./health.ts";
import { readAgent } from "./read.ts";
import { registerAgent } from "./register.ts";
import { resetAgent } from "./reset.ts";
import { updateAgent } from "./update-agent.ts";

type Change = Omit<MessageInitShape<typeof UpdateAgentRequestSchema>, "agent" | "$typeName">;

function update(context: ServerContext, { name }: { name: string }, change: Change): Promise<void> {
  return updateAgent(context, create(UpdateAgentRequestSchema, { ...change, agent: name }));
}

function says(context: ServerContext, agent: Caller, labels: Record<string, string>, capacity: number) {
  return new HealthDesk(context, 0).report(agent, create(ReportHealthRequestSchema, { offer: { labels, capacity } }));
}

/** What is in force, and what the agent says where that differs. */
async function offers(context: ServerContext, { name }: { name: string }) {
  const { labels, capacity, own } = await readAgent(context, name);
  return { labels, capacity, own: own && [own.labels, own.capacity] };
}

suite("an agent that says what it offers from now on", () => {
  test("is matched by it, and keeps its generation", async (t) => {
    const context = alone(await testContext(t));
    const agent = await enrolAgent(context, { capacity: 1 });
    const { id } = await insertWorkflow(context, { wants: { gpu: "h200" } });
    const poller = new Poller(context);
    const held = new Held(poller, agent);
    await round(context, poller);
    assert.equal((await says(context, agent, { gpu: "h200" }, 3)).capacity, 3);
    assert.deepEqual(await held.grants, [id]);
    assert.deepEqual(await offers(context, agent), { labels: { gpu: "h200" }, capacity: 3, own: undefined });
    assert.equal((await readAgent(context, agent.name)).generation, agent.generation);
  });

  test("changes nothing when it was superseded, or serves vetting and wants more than one", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { labels: { a: "b" } });
    await assert.rejects(says(context, { ...agent, generation: "0" }, { a: "c" }, 1), { code: Code.Aborted });
    assert.deepEqual((await offers(context, agent)).labels, { a: "b" });
    const vetting = await enrolAgent(context, { serves: WorkKind.VETTING, capacity: 1 });
    assert.equal((await says(context, vetting, {}, 2)).capacity, 1);
    await assert.rejects(says(context, agent, { a: "b" }, 0), /offer\.capacity/);
  });
});

suite("an operator who says what an agent offers", () => {
  test("is obeyed at once by the matching, and the agent hears of its capacity", async (t) => {
    const context = alone(await testContext(t));
    const agent = await enrolAgent(context, { capacity: 1 });
    const { id } = await insertWorkflow(context, { wants: { gpu: "h200" } });
    const poller = new Poller(context);
    const held = new Held(poller, agent);
    await round(context, poller);
    await update(context, agent, { labels: { labels: { gpu: "h200" } }, capacity: 2 });
    assert.deepEqual(await held.grants, [id]);
    const { capacity } = await new HealthDesk(context, 0).report(agent, create(ReportHealthRequestSchema));
    assert.equal(capacity, 2);
  });

  test("wins over whatever the agent says, also when it starts again, until he takes it back", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { labels: { os: "linux" }, capacity: 2 });
    await update(context, agent, { labels: { labels: { os: "mac" } } });
    await update(context, agent, { capacity: 9 });
    const own = (labels: Record<string, string>, capacity: number) => ({
      labels: { os: "mac" },
      capacity: 9,
      own: [labels, capacity],
    });
    assert.deepEqual(await offers(context, agent), own({ os: "linux" }, 2));
    await says(context, agent, { os: "linux", arch: "x64" }, 3);
    assert.deepEqual(await offers(context, agent), own({ os: "linux", arch: "x64" }, 3));
    const info = agentInfo({ name: agent.name, labels: { os: "bsd" }, capacity: 4 });
    const again = create(RegisterAgentRequestSchema, { info, protocolVersion: 1 });
    const principal = { kind: "agent", agentId: agent.agentId, name: agent.name, generation: "1" } as const;
    assert.equal((await registerAgent(context, principal, again)).capacity, 9);
    assert.deepEqual(await offers(context, agent), own({ os: "bsd" }, 4));
    await update(context, agent, { ownLabels: true });
    assert.deepEqual(await offers(context, agent), { labels: { os: "bsd" }, capacity: 9, own: [{ os: "bsd" }, 4] });
    await update(context, agent, { ownCapacity: true });
    assert.deepEqual(await offers(context, agent), { labels: { os: "bsd" }, capacity: 4, own: undefined });
  });

  test("gives no more than the capacity, however many slots the agent says are free", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { capacity: 8 });
    for (let i = 0; i < 3; i++) await insertWorkflow(context);
    await update(context, agent, { capacity: 1 });
    assert.equal((await poll(context, agent, { freeSlots: 8 })).length, 1);
  });

  test("is forgotten when the name is enrolled anew", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { capacity: 2 });
    await update(context, agent, { capacity: 9 });
    await resetAgent(context, agent.name, "alice");
    const info = agentInfo({ name: agent.name, capacity: 3 });
    const anew = create(RegisterAgentRequestSchema, { info, protocolVersion: 1 });
    await registerAgent(context, await enrolmentToken(context), anew);
    assert.deepEqual(await offers(context, agent), { labels: {}, capacity: 3, own: undefined });
  });

  const mistakes: [string, Change, RegExp][] = [
    ["nothing", {}, /labels/],
    ["both ways of labels", { labels: {}, ownLabels: true }, /own_labels/],
    ["both ways of capacity", { capacity: 1, ownCapacity: true }, /own_capacity/],
    ["no capacity", { capacity: 0 }, /capacity.*0/],
    ["too much of it", { capacity: 1025 }, /capacity.*1025/],
    ["a label that is too long", { labels: { labels: { a: "x".repeat(129) } } }, /labels/],
  ];
  for (const [name, change, message] of mistakes) {
    test(`is refused: ${name}`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      await assert.rejects(update(context, agent, change), { code: Code.InvalidArgument, message });
    });
  }
});
