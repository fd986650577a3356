import { create } from "@bufbuild/protobuf";
import { DirectiveSchema, WorkflowState, type Directive } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { FakeServer } from "../testing/fake-server.ts";
import { startAgent, temporaryFolder } from "../testing/test-agent.ts";

function shutDown(id: string, generation = "1"): Directive {
  return create(DirectiveSchema, { id, generation, action: { case: "shutDown", value: { reason: "a new disk" } } });
}

function drain(id: string): Directive {
  return create(DirectiveSchema, { id, generation: "1", action: { case: "drain", value: {} } });
}

const acks = (server: FakeServer) => server.healthReports.flatMap(({ ackedDirectives }) => ackedDirectives);

suite("what an agent offers", () => {
  test("is told at once when it changes, again until it was heard, and then no more", async (t) => {
    const server = await FakeServer.start(t);
    const { agent } = await startAgent(t, server);
    await server.until(() => server.healthReports.length > 0);
    let lost = 0;
    server.loseAnswer = (method) => {
      if (method === "reportHealth" && lost++ < 2) throw new ConnectError("away", Code.Unavailable);
    };
    agent.reoffer({ labels: { gpu: "h200" }, capacity: 5 });
    const offers = () => server.healthReports.flatMap(({ offer }) => offer ?? []);
    await server.until(() => offers().length === 3 && server.healthReports.at(-1)?.offer === undefined);
    for (const { labels, capacity } of offers()) assert.deepEqual([labels, capacity], [{ gpu: "h200" }, 5]);
    assert.equal(server.registrations.length, 1);
  });

  test("is as many workflows at once as the server says: more at its next word, less lets what runs go on", async (t) => {
    const server = await FakeServer.start(t);
    await startAgent(t, server, { capacity: 1 });
    const gate = join(await temporaryFolder(t), "gate");
    const run = `until [ -e ${gate} ]; do sleep 0.01; done`;
    const value = { steps: [{ name: "step", run, shell: "sh" }] };
    const [first, second] = [1, 2].map(() => server.queue.submit({ plan: { case: "build", value } }));
    await server.until(() => first?.inits === 1);
    assert.equal(second?.inits, 0);
    server.capacity = 2;
    await server.until(() => second?.inits === 1);
    server.capacity = 1;
    const reports = server.healthReports.length;
    await server.until(() => server.healthReports.length > reports + 1);
    await writeFile(gate, "");
    for (const workflow of [first, second]) {
      assert.equal((await server.ended(workflow ?? assert.fail())).state, WorkflowState.SUCCEEDED);
    }
    await server.until(() => server.polls.at(-1)?.freeSlots === 1);
  });
});

suite("a directive", () => {
  test("to shut down ends the process, which acknowledges it with its goodbye", async (t) => {
    const server = await FakeServer.start(t);
    const { ended, logged } = await startAgent(t, server);
    await server.until(() => server.healthReports.length > 0);
    server.directives = [shutDown("5")];
    await ended;
    assert.equal(logged.filter((line) => line.includes("the operator stops this agent")).length, 1);
    assert.match(logged.join(""), /a new disk/);
    assert.equal(server.healthReports.at(-1)?.bye, true);
    assert.deepEqual(acks(server), ["5"]);
  });

  test("is heard again when the answer that told it was lost, and acknowledged once it was heard", async (t) => {
    const server = await FakeServer.start(t);
    let lost = 0;
    server.loseAnswer = (method) => {
      if (method !== "reportHealth" || server.directives.length === 0 || lost === 2) return;
      lost += 1;
      throw new ConnectError("away", Code.Unavailable);
    };
    server.directives = [drain("5"), drain("6")];
    await startAgent(t, server);
    await server.until(() => server.directives.length === 0);
    assert.equal(lost, 2);
    assert.deepEqual(acks(server), ["5", "6"]);
  });

  test("to drain ends the polls for work", async (t) => {
    const server = await FakeServer.start(t);
    server.directives = [drain("5")];
    await startAgent(t, server);
    await server.until(() => server.directives.length === 0);
    const polls = server.polls.length;
    server.queue.submit({ plan: { case: "build", value: { steps: [] } } });
    const reports = server.healthReports.length;
    await server.until(() => server.healthReports.length > reports + 2);
    assert.equal(server.polls.length, polls);
  });

  test("for another process is acknowledged and ignored", async (t) => {
    const server = await FakeServer.start(t);
    const { logged } = await startAgent(t, server);
    server.directives = [shutDown("5", "7")];
    await server.until(() => server.directives.length === 0);
    assert.ok(!logged.join("").includes("the operator stops this agent"));
  });
});
