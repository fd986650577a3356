import { create } from "@bufbuild/protobuf";
import { SetSecretRequestSchema, type Grant } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { json } from "../db/json.ts";
import { countStatements } from "../testing/count-statements.ts";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, insertWorkflow, poll, readWorkflow } from "../testing/fleet.ts";
import { initWorkflow } from "../testing/verbs.ts";
import { withSecrets } from "./inject.ts";
import { setSecret } from "./set.ts";

const whose = { owner: "example.org/acme", repository: "example.org/acme/api" };

suite("a grant", () => {
  test("carries the secrets that its steps name, each once, and no row does", async (t) => {
    const context = await testContext(t);
    await set(context, "TOKEN", "of-the-repository");
    await set(context, "UNUSED", "nobody-names-it");
    await set(context, "KEY", "of-the-owner", { owner: whose.owner, repository: "" });
    const workflow = await insertNaming(context, [{ T: "TOKEN" }, { T2: "TOKEN", K: "KEY" }]);
    const [grant] = await poll(context, await enrolAgent(context));
    assert.deepEqual(secretsOf(grant), [
      ["KEY", "of-the-owner"],
      ["TOKEN", "of-the-repository"],
    ]);
    const kept = JSON.stringify([
      await readWorkflow(context, workflow.id),
      await context.db.selectFrom("workflow_events").selectAll().execute(),
    ]);
    assert.doesNotMatch(kept, /of-the-repository|of-the-owner/);
  });

  test("is the same when its poll is repeated, with the secrets as they are then", async (t) => {
    const context = await testContext(t);
    await set(context, "TOKEN", "old");
    await insertNaming(context, [{ T: "TOKEN" }]);
    const agent = await enrolAgent(context);
    const [grant] = await poll(context, agent, { pollId: "p" });
    await set(context, "TOKEN", "new");
    const [again] = await poll(context, agent, { pollId: "p", again: true });
    assert.equal(again?.epoch, grant?.epoch);
    assert.deepEqual([secretsOf(grant), secretsOf(again)], [[["TOKEN", "old"]], [["TOKEN", "new"]]]);
    const uses = await context.db.selectFrom("secret_events").selectAll().where("action", "=", "use").execute();
    assert.deepEqual(
      uses.map((use) => [use.workflow_id, use.epoch, use.target, use.name, use.actor]),
      [[grant?.workflowId, grant?.epoch, whose.repository, "TOKEN", agent.name]],
    );
  });

  test("costs no statement where no step names a secret", async (t) => {
    const context = await testContext(t);
    const { db, count } = countStatements(context.db);
    const row = { ...(await insertWorkflow(context)), untrusted: false };
    const { granted } = await withSecrets({ ...context, db }, [row]);
    assert.deepEqual([granted, count()], [[{ row, secrets: [] }], 0]);
  });

  test("is withheld from a workflow without its secret, which ends with the reason before it starts", async (t) => {
    const context = await testContext(t);
    await set(context, "TOKEN", "x", { events: ["tag"] });
    const lacking = await insertNaming(context, [{ T: "MISSING", U: "TOKEN" }]);
    const other = await insertWorkflow(context);
    const agent = await enrolAgent(context, { capacity: 2 });
    const grants = await poll(context, agent, { freeSlots: 2 });
    assert.deepEqual(
      grants.map(({ workflowId }) => workflowId),
      [other.id],
    );
    const { state, end_reason, error, started_at } = await readWorkflow(context, lacking.id);
    assert.deepEqual([state, end_reason, started_at], ["failed", "secret_unavailable", null]);
    assert.match(error, /secret MISSING, which neither example.org\/acme\/api nor its owner has; set it/);
    assert.match(error, /secret TOKEN, which is for the events tag, and this is manual/);
    const open = await context.db.selectFrom("leases").select("workflow_id").where("ended_at", "is", null).execute();
    assert.deepEqual(open, [{ workflow_id: other.id }]);
  });

  test("carries a secret that is for the event that started its pipeline", async (t) => {
    const context = await testContext(t);
    await set(context, "TOKEN", "x", { events: ["tag"] });
    const { id, plan } = await insertNaming(context, [{ T: "TOKEN" }]);
    const tagged = json({ ...plan, trigger: { event: "tag" } });
    await context.db.updateTable("workflows").set({ plan: tagged }).where("id", "=", id).execute();
    const [grant] = await poll(context, await enrolAgent(context));
    assert.deepEqual(secretsOf(grant), [["TOKEN", "x"]]);
  });

  test("is withheld from a stranger's workflow that was not approved with secrets", async (t) => {
    const context = await testContext(t);
    await set(context, "TOKEN", "x");
    const { id } = await insertNaming(context, [{ T: "TOKEN" }], { trusted: false });
    const agent = await enrolAgent(context);
    await context.db.updateTable("agents").set({ grant_untrusted: true }).execute();
    assert.deepEqual(await poll(context, agent), []);
    const { state, error } = await readWorkflow(context, id);
    assert.equal(state, "failed");
    assert.match(error, /stranger's, was not approved with secrets/);
  });

  test("is withheld from a workflow of one whose value was swapped with another's in the database", async (t) => {
    const context = await testContext(t);
    await set(context, "TOKEN", "x");
    await set(context, "TOKEN", "y", { repository: "example.org/acme/web" });
    const { db } = context;
    const { sealed } = await db
      .selectFrom("secrets")
      .select("sealed")
      .where("target", "=", "example.org/acme/web")
      .executeTakeFirstOrThrow();
    await db.updateTable("secrets").set({ sealed }).where("target", "=", whose.repository).execute();
    const { id } = await insertNaming(context, [{ T: "TOKEN" }]);
    assert.deepEqual(await poll(context, await enrolAgent(context)), []);
    assert.match(
      (await readWorkflow(context, id)).error,
      /was changed after key .* encrypted it, or belongs elsewhere/,
    );
  });

  test("has no more secrets than an agent may be sent; what has no room in one answer comes with the next", async (t) => {
    const context = await testContext(t);
    const names = Array.from({ length: 9 }, (_, index) => `S${index}`);
    for (const name of names) await set(context, name, "x".repeat(64 * 1024));
    const naming = (count: number) => insertNaming(context, [Object.fromEntries(names.slice(0, count).entries())]);
    const tooMany = await naming(9);
    for (let i = 0; i < 5; i++) await naming(7);
    const agent = await enrolAgent(context);
    const granted = await poll(context, agent, { freeSlots: 6 });
    assert.equal(granted.length, 4);
    assert.match((await readWorkflow(context, tooMany.id)).error, /589842 bytes together; at most 512 KiB/);
    assert.equal((await poll(context, agent, { freeSlots: 4 })).length, 1);
  });

  test("stays with an agent that has started, although its secret is gone when the poll is repeated", async (t) => {
    const context = await testContext(t);
    await set(context, "TOKEN", "x");
    const { id } = await insertNaming(context, [{ T: "TOKEN" }]);
    const agent = await enrolAgent(context);
    const [grant] = await poll(context, agent, { pollId: "p" });
    assert.ok(grant);
    const lease = { workflowId: id, epoch: grant.epoch };
    await initWorkflow(context, agent, lease as never);
    await context.db.deleteFrom("secrets").execute();
    await poll(context, agent, { pollId: "p", again: true });
    assert.equal((await readWorkflow(context, id)).state, "running");
    await done(context, agent, lease);
  });
});

function set(context: ServerContext, name: string, value: string, changes: object = {}) {
  const request = { name, value, repository: whose.repository, ...changes };
  return setSecret(context, create(SetSecretRequestSchema, request), "alice");
}

function insertNaming(context: ServerContext, naming: Record<string, string>[], { trusted = true } = {}) {
  return insertWorkflow(context, { whose: { ...whose, trusted }, naming });
}

function secretsOf(grant: Grant | undefined): string[][] {
  assert.equal(grant?.plan.case, "build");
  return grant.plan.value.secrets.map(({ name, value }) => [name, value]);
}
