import { create } from "@bufbuild/protobuf";
import { FieldViolationSchema, PauseRequestSchema, PauseScope, ResumeRequestSchema } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readAgent } from "../agents/read.ts";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent } from "../testing/fleet.ts";
import { listPauses } from "./list.ts";
import { pause } from "./pause.ts";
import { resume } from "./resume.ts";

const QUEUE: Target = { scope: PauseScope.QUEUE, target: "" };
const REPOSITORY: Target = { scope: PauseScope.REPOSITORY, target: "https://example.org/acme/api.git" };

interface Target {
  scope: PauseScope;
  target: string;
}

function pauseBy(context: ServerContext, actor: string, target: Target, reason = "") {
  return pause(context, create(PauseRequestSchema, { ...target, reason }), actor);
}

function end(context: ServerContext, target: Target) {
  return resume(context, create(ResumeRequestSchema, target));
}

suite("a pause", () => {
  test("is the first one for as long as it is in force: who paused, and why, does not change", async (t) => {
    const context = await testContext(t);
    const first = await pauseBy(context, "alice", QUEUE, "the database moves");
    assert.deepEqual([first.pausedBy, first.reason, first.target], ["alice", "the database moves", ""]);
    assert.deepEqual(await pauseBy(context, "bob", QUEUE, "me too"), first);
    assert.deepEqual(await listPauses(context.db), [first]);
  });

  test("ends when it is resumed; to resume what is not paused does no harm", async (t) => {
    const context = await testContext(t);
    await pauseBy(context, "alice", QUEUE);
    assert.equal(await end(context, QUEUE), true);
    assert.equal(await end(context, QUEUE), false);
    assert.deepEqual(await listPauses(context.db), []);
    assert.equal((await pauseBy(context, "bob", QUEUE)).pausedBy, "bob");
  });

  test("is of one thing: each ends alone, and the list has the oldest first", async (t) => {
    const context = await testContext(t);
    const { name } = await enrolAgent(context);
    const agent = { scope: PauseScope.AGENT, target: name };
    for (const target of [REPOSITORY, agent, QUEUE]) await pauseBy(context, "alice", target);
    const scopes = async () => (await listPauses(context.db)).map(({ scope }) => scope);
    assert.deepEqual(await scopes(), [PauseScope.REPOSITORY, PauseScope.AGENT, PauseScope.QUEUE]);
    await end(context, agent);
    assert.deepEqual(await scopes(), [PauseScope.REPOSITORY, PauseScope.QUEUE]);
  });

  test("of an agent is named by its id or name, and shown by its name, with the agent as well", async (t) => {
    const context = await testContext(t);
    const { name, agentId } = await enrolAgent(context);
    const made = await pauseBy(context, "alice", { scope: PauseScope.AGENT, target: agentId }, "a new disk");
    assert.equal(made.target, name);
    assert.deepEqual((await readAgent(context, name)).pause, made);
    assert.equal(await end(context, { scope: PauseScope.AGENT, target: name }), true);
    assert.equal((await readAgent(context, name)).pause, undefined);
  });

  test("wakes those who wait, when it begins and when it ends", { timeout: 10_000 }, async (t) => {
    const context = await testContext(t);
    const { name, agentId } = await enrolAgent(context);
    const stop = new AbortController();
    const rounds = context.hints.rounds([`agent:${agentId}`], 60_000, stop.signal);
    await rounds.next();
    for (const change of [pauseBy.bind(null, context, "alice"), end.bind(null, context)]) {
      const woken = rounds.next();
      await change({ scope: PauseScope.AGENT, target: name });
      assert.equal((await woken).done, false);
    }
    stop.abort();
    await rounds.next();
  });

  const bad: [what: string, request: Partial<Target> & { reason?: string }, field: string][] = [
    ["of nothing", {}, "scope"],
    ["of a scope that is unknown", { scope: 9 as PauseScope }, "scope"],
    ["of the queue by a name", { scope: PauseScope.QUEUE, target: "q" }, "target"],
    ["of no repository", { scope: PauseScope.REPOSITORY }, "target"],
    ["of a repository with NUL", { scope: PauseScope.REPOSITORY, target: "a\0" }, "target"],
    ["of no agent", { scope: PauseScope.AGENT }, "agent"],
    ["for a reason that is a novel", { scope: PauseScope.QUEUE, reason: "x".repeat(257) }, "reason"],
  ];
  test("is refused", async (t) => {
    const context = await testContext(t);
    for (const [what, request, field] of bad) {
      await t.test(`${what}, naming ${field}`, async () => {
        const made = pause(context, create(PauseRequestSchema, request), "alice");
        const error: unknown = await made.catch((error: unknown) => error);
        assert.ok(error instanceof ConnectError && error.code === Code.InvalidArgument);
        assert.equal(detailOf(error, FieldViolationSchema)?.field, field);
      });
    }
    const nobody = { scope: PauseScope.AGENT, target: "nobody" };
    await assert.rejects(pauseBy(context, "alice", nobody), { code: Code.NotFound });
    await assert.rejects(end(context, nobody), { code: Code.NotFound });
    assert.deepEqual(await listPauses(context.db), []);
  });
});
