import { create } from "@bufbuild/protobuf";
import {
  DirectiveSchema,
  DesiredState,
  ReportHealthRequestSchema,
  RegisterAgentRequestSchema,
} from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { agentInfo, enrolAgent } from "../testing/fleet.ts";
import type { Caller } from "./caller.ts";
import { sendDirective, type DirectiveMessage } from "./directives.ts";
import { HealthDesk } from "./health.ts";
import { registerAgent } from "./register.ts";
import { resetAgent } from "./reset.ts";
import { setDesiredState } from "./set-desired-state.ts";

const DRAIN = create(DirectiveSchema, { action: { case: "drain", value: {} } });
const SHUT_DOWN = create(DirectiveSchema, { action: { case: "shutDown", value: { reason: "a new disk" } } });

function send(context: ServerContext, { name }: Caller, directive = DRAIN): Promise<DirectiveMessage> {
  return sendDirective(context, name, directive, "alice");
}

/** What an agent is told when it reports its health, acknowledging these. */
async function told(context: ServerContext, agent: Caller, acks: (string | undefined)[] = []) {
  const request = create(ReportHealthRequestSchema, { ackedDirectives: acks.map((id) => id ?? "") });
  return (await new HealthDesk(context, 0).report(agent, request)).directives ?? [];
}

/** The next process of an agent. */
async function restart(context: ServerContext, agent: Caller): Promise<Caller> {
  const request = create(RegisterAgentRequestSchema, { info: agentInfo({ name: agent.name }), protocolVersion: 1 });
  const { generation } = await registerAgent(context, { kind: "agent", ...agent }, request);
  return { ...agent, generation: generation ?? "" };
}

suite("a directive", () => {
  test("is told until it is acknowledged, oldest first", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const [first, second] = [await send(context, agent), await send(context, agent, SHUT_DOWN)];
    assert.deepEqual(await told(context, agent), [first, second]);
    assert.deepEqual(await told(context, agent), [first, second]);
    assert.deepEqual(await told(context, agent, [first.id]), [second]);
    assert.deepEqual(await told(context, agent, [first.id, second.id, second.id]), []);
  });

  test("says what to do, and which process is to do it", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { generation, action } = await send(context, agent, SHUT_DOWN);
    assert.equal(generation, agent.generation);
    assert.deepEqual(action, { case: "shutDown", value: { reason: "a new disk" } });
    const { created_by } = await context.db.selectFrom("directives").selectAll().executeTakeFirstOrThrow();
    assert.equal(created_by, "alice");
  });

  test("is for one agent: no other hears of it or ends it", async (t) => {
    const context = await testContext(t);
    const [agent, other] = [await enrolAgent(context), await enrolAgent(context)];
    const { id } = await send(context, agent);
    assert.deepEqual(await told(context, other, [id]), []);
    assert.equal((await told(context, agent)).length, 1);
  });

  test("is for one process: the next one is not told", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await send(context, agent);
    const next = await restart(context, agent);
    assert.deepEqual(await told(context, next), []);
    const row = await context.db.selectFrom("directives").selectAll().executeTakeFirstOrThrow();
    assert.ok(row.acknowledged_at);
    assert.match(row.refused, /superseded/);
    assert.equal((await send(context, next)).generation, next.generation);
  });

  test("is refused for an agent that was reset or terminated, and one that does not exist", async (t) => {
    const context = await testContext(t);
    const [reset, terminated] = [await enrolAgent(context), await enrolAgent(context)];
    await resetAgent(context, reset.name, "alice");
    await setDesiredState(context, terminated.name, DesiredState.TERMINATED, "alice");
    for (const agent of [reset, terminated]) {
      await assert.rejects(send(context, agent), { code: Code.FailedPrecondition });
    }
    await assert.rejects(send(context, { ...reset, name: "nobody" }), { code: Code.NotFound });
  });

  test("must say something, and not at length", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const long = create(DirectiveSchema, { action: { case: "shutDown", value: { reason: "x".repeat(257) } } });
    for (const [directive, field] of [
      [create(DirectiveSchema), /^directive.action is "absent"/],
      [long, /^directive.shut_down.reason is/],
    ] as const) {
      await assert.rejects(send(context, agent, directive), { code: Code.InvalidArgument, rawMessage: field });
    }
  });

  for (const id of ["", "x", "-1", "0", "99999999999999999999"]) {
    test(`is not acknowledged as ${JSON.stringify(id)}`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const refusal = { code: Code.InvalidArgument, rawMessage: /^acked_directives is / };
      await assert.rejects(told(context, agent, [id]), refusal);
    });
  }
});
