import { create } from "@bufbuild/protobuf";
import { Access, CreateTokenRequestSchema, TokenKind } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { authenticator } from "./authenticate.ts";
import { createToken } from "./create.ts";
import { firstAdminToken } from "./first-start.ts";
import { revokeToken } from "./revoke.ts";

function make({ db }: ServerContext, name: string, role: Access = Access.VIEWER) {
  return createToken(db, create(CreateTokenRequestSchema, { name, kind: TokenKind.OPERATOR, role }), "alice");
}

suite("revoking a token", () => {
  test("refuses its bearer's next call", async (t) => {
    const context = await testContext(t);
    const { secret } = await make(context, "bob");
    const revoked = await revokeToken(context.db, "bob");
    assert.ok(revoked.revokedAt);
    const header = new Headers({ authorization: `Bearer ${secret}` });
    await assert.rejects(authenticator(context.db)(header), { code: Code.Unauthenticated });
  });

  test("finds it by its id too, and may be repeated", async (t) => {
    const context = await testContext(t);
    const { token } = await make(context, "bob");
    const first = await revokeToken(context.db, token.id);
    assert.deepEqual(await revokeToken(context.db, token.id), first);
    assert.deepEqual(await revokeToken(context.db, "bob"), first);
  });

  test("by a name that several have needs an id, unless all but one are revoked", async (t) => {
    const context = await testContext(t);
    const [one, two] = [await make(context, "bob"), await make(context, "bob")];
    const expected = new RegExp(`${two.token.id}, ${one.token.id}`);
    await assert.rejects(revokeToken(context.db, "bob"), { code: Code.InvalidArgument, rawMessage: expected });
    await revokeToken(context.db, one.token.id);
    assert.equal((await revokeToken(context.db, "bob")).id, two.token.id);
  });

  test("is refused for the last admin token, and says what to do", async (t) => {
    const context = await testContext(t);
    await firstAdminToken(context.db, () => Promise.resolve());
    await make(context, "viewer");
    const refusal = { code: Code.FailedPrecondition, rawMessage: /admin is the last admin token.*make another first/ };
    await assert.rejects(revokeToken(context.db, "admin"), refusal);
    await make(context, "second", Access.ADMIN);
    await revokeToken(context.db, "admin");
    await assert.rejects(revokeToken(context.db, "second"), { code: Code.FailedPrecondition });
  });

  test("does not count an admin token that has expired", async (t) => {
    const context = await testContext(t);
    await firstAdminToken(context.db, () => Promise.resolve());
    await make(context, "expired", Access.ADMIN);
    await context.db
      .updateTable("tokens")
      .set({ expires_at: new Date(0) })
      .where("name", "=", "expired")
      .execute();
    await assert.rejects(revokeToken(context.db, "admin"), { code: Code.FailedPrecondition });
    assert.ok((await revokeToken(context.db, "expired")).revokedAt);
  });

  test("leaves one of two admins who revoke each other at once", async (t) => {
    const context = await testContext(t);
    await make(context, "a", Access.ADMIN);
    await make(context, "b", Access.ADMIN);
    const outcomes = await Promise.allSettled([revokeToken(context.db, "a"), revokeToken(context.db, "b")]);
    assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
  });

  test("needs one that exists", async (t) => {
    const { db } = await testContext(t);
    await assert.rejects(revokeToken(db, "nobody"), { code: Code.NotFound });
    await assert.rejects(revokeToken(db, ""), { code: Code.InvalidArgument });
  });
});
