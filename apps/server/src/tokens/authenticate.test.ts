import { create } from "@bufbuild/protobuf";
import { RegisterAgentRequestSchema } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { registerAgent } from "../agents/register.ts";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { countStatements } from "../testing/count-statements.ts";
import { agentInfo, enrolmentToken } from "../testing/fleet.ts";
import { authenticator } from "./authenticate.ts";
import { insertAdminToken } from "./first-start.ts";
import { revokeToken } from "./revoke.ts";

/** What an agent sends with each call. */
async function agentHeader(context: ServerContext, generation = "1"): Promise<Headers> {
  const request = create(RegisterAgentRequestSchema, { info: agentInfo(), protocolVersion: 1 });
  const { credential } = await registerAgent(context, await enrolmentToken(context), request);
  return new Headers({ authorization: `Bearer ${credential}`, "groundcrew-generation": generation });
}

async function adminHeader({ db }: ServerContext, name: string): Promise<Headers> {
  return new Headers({ authorization: `Bearer ${await insertAdminToken(db, name, "test")}` });
}

suite("finding out who calls", () => {
  test("costs one statement for many agents that call at once", async (t) => {
    const context = await testContext(t);
    const headers: Headers[] = [];
    for (let i = 0; i < 10; i++) headers.push(await agentHeader(context));
    const { db, count } = countStatements(context.db);
    const authenticate = authenticator(db);
    const principals = await Promise.all(headers.map((header) => authenticate(header)));
    assert.equal(new Set(principals.map((principal) => principal.kind === "agent" && principal.agentId)).size, 10);
    assert.equal(count(), 1);
  });

  test("refuses one without refusing those that call with it", async (t) => {
    const context = await testContext(t);
    const calls = [
      await agentHeader(context),
      await agentHeader(context, "2"),
      new Headers({ authorization: "Bearer gca_unknown" }),
      new Headers({ authorization: "Bearer gco_unknown" }),
      await adminHeader(context, "alice"),
      await agentHeader(context, "first"),
    ];
    const authenticate = authenticator(context.db);
    const answers = await Promise.allSettled(calls.map((header) => authenticate(header)));
    const codes = answers.map((each) => (each.status === "rejected" ? (each.reason as { code: Code }).code : "let in"));
    assert.deepEqual(codes, [
      "let in",
      Code.Aborted,
      Code.Unauthenticated,
      Code.Unauthenticated,
      "let in",
      Code.InvalidArgument,
    ]);
  });

  test("is never out of date: a token that was let in is refused right after it is revoked", async (t) => {
    const context = await testContext(t);
    const [header] = [await adminHeader(context, "alice"), await adminHeader(context, "bob")];
    const authenticate = authenticator(context.db);
    await authenticate(header);
    await revokeToken(context.db, "alice");
    await assert.rejects(authenticate(header), { code: Code.Unauthenticated });
  });

  test("notes when a token was last used, once a minute however often it is", async (t) => {
    const context = await testContext(t);
    const { db } = context;
    const header = await adminHeader(context, "alice");
    const authenticate = authenticator(db);
    const lastUse = async () => (await db.selectFrom("tokens").selectAll().executeTakeFirstOrThrow()).last_used_at;
    await authenticate(header);
    const first = await lastUse();
    assert.ok(first);
    await authenticate(header);
    assert.deepEqual(await lastUse(), first);
    const minuteAgo = new Date(first.getTime() - 61_000);
    await db.updateTable("tokens").set({ last_used_at: minuteAgo }).execute();
    await authenticate(header);
    assert.ok((await lastUse())?.getTime() !== minuteAgo.getTime());
  });

  test("does not wait for somebody who changes the token", async (t) => {
    const context = await testContext(t);
    const header = await adminHeader(context, "alice");
    await context.db.transaction().execute(async (tx) => {
      await tx.selectFrom("tokens").selectAll().forUpdate().execute();
      assert.equal((await authenticator(context.db)(header)).kind, "operator");
    });
  });
});
