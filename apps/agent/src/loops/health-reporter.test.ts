import { create } from "@bufbuild/protobuf";
import { DirectiveSchema, type Directive } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeServer } from "../testing/fake-server.ts";
import { startAgent } from "../testing/test-agent.ts";

function shutDown(id: string, generation = "1"): Directive {
  return create(DirectiveSchema, { id, generation, action: { case: "shutDown", value: { reason: "a new disk" } } });
}

function drain(id: string): Directive {
  return create(DirectiveSchema, { id, generation: "1", action: { case: "drain", value: {} } });
}

const acks = (server: FakeServer) => server.healthReports.flatMap(({ ackedDirectives }) => ackedDirectives);

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
