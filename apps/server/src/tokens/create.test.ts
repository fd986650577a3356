import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
  Access,
  CreateTokenRequestSchema,
  FieldViolationSchema,
  ListTokensRequestSchema,
  TokenKind,
} from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { authenticator } from "./authenticate.ts";
import { createToken } from "./create.ts";
import { listTokens } from "./list.ts";

type Request = MessageInitShape<typeof CreateTokenRequestSchema>;

function make({ db }: ServerContext, request: Request) {
  return createToken(db, create(CreateTokenRequestSchema, request), "alice");
}

const enrolment: Request = { name: "e", kind: TokenKind.ENROLMENT };
const operator: Request = { name: "o", kind: TokenKind.OPERATOR, role: Access.VIEWER };

async function lifetimeSeconds(context: ServerContext, request: Request): Promise<number | undefined> {
  const { token } = await make(context, request);
  assert.ok(token.createdAt);
  return token.expiresAt && (timestampMs(token.expiresAt) - timestampMs(token.createdAt)) / 1_000;
}

suite("a new token", () => {
  test("lets its bearer in as what it is", async (t) => {
    const context = await testContext(t);
    const authenticate = authenticator(context.db);
    for (const [request, expected] of [
      [enrolment, { kind: "enrolment", name: "e" }],
      [operator, { kind: "operator", name: "o", role: "viewer" }],
    ] as const) {
      const { token, secret } = await make(context, request);
      const principal = await authenticate(new Headers({ authorization: `Bearer ${secret}` }));
      assert.deepEqual(principal, { ...expected, tokenId: token.id });
    }
  });

  test("tells its secret once: it is stored nowhere", async (t) => {
    const context = await testContext(t);
    const { secret } = await make(context, operator);
    assert.match(secret, /^gco_[\w-]{43}$/);
    assert.match((await make(context, enrolment)).secret, /^gce_[\w-]{43}$/);
    const rows = await context.db.selectFrom("tokens").selectAll().execute();
    assert.ok(!JSON.stringify(rows).includes(secret.slice(4)));
  });

  test("to enrol lasts an hour and serves once, unless it says otherwise", async (t) => {
    const context = await testContext(t);
    assert.equal(await lifetimeSeconds(context, enrolment), 3_600);
    assert.equal(await lifetimeSeconds(context, { ...enrolment, ttlSeconds: 60 }), 60);
    assert.equal((await make(context, enrolment)).token.singleUse, true);
    assert.equal((await make(context, { ...enrolment, reusable: true })).token.singleUse, false);
  });

  test("of an operator lasts for ever, unless it says otherwise", async (t) => {
    const context = await testContext(t);
    assert.equal(await lifetimeSeconds(context, operator), undefined);
    assert.equal(await lifetimeSeconds(context, { ...operator, ttlSeconds: 2 ** 32 - 1 }), 2 ** 32 - 1);
  });

  const bad: [what: string, request: Request, field: string][] = [
    ["without a name", { ...operator, name: "" }, "name"],
    ["with a name of 64 characters", { ...operator, name: "n".repeat(64) }, "name"],
    ["with a name that breaks lines", { ...operator, name: "a\nb" }, "name"],
    ["of no kind", { name: "n", role: Access.VIEWER }, "kind"],
    ["of an operator without a role", { ...operator, role: Access.UNSPECIFIED }, "role"],
    ["of an operator with an agent's access", { ...operator, role: Access.AGENT }, "role"],
    ["of an operator that is reusable", { ...operator, reusable: true }, "reusable"],
    ["to enrol with a role", { ...enrolment, role: Access.ADMIN }, "role"],
  ];
  test("is refused", async (t) => {
    const context = await testContext(t);
    for (const [what, request, field] of bad) {
      await t.test(`${what}, naming ${field}`, async () => {
        const error: unknown = await make(context, request).catch((error: unknown) => error);
        assert.ok(error instanceof ConnectError && error.code === Code.InvalidArgument);
        assert.equal(detailOf(error, FieldViolationSchema)?.field, field);
      });
    }
  });
});

suite("the list of tokens", () => {
  test("is newest first, in pages that meet, without anything of the secrets", async (t) => {
    const context = await testContext(t);
    for (const name of ["1", "2", "3"]) await make(context, { ...operator, name });
    const list = (token: string) =>
      listTokens(context.db, create(ListTokensRequestSchema, { page: { size: 2, token } }));
    const first = await list("");
    const second = await list(first.nextPageToken ?? "");
    const shown = [...(first.tokens ?? []), ...(second.tokens ?? [])];
    assert.deepEqual(
      shown.map(({ name, kind, role }) => [name, kind, role]),
      ["3", "2", "1"].map((name) => [name, TokenKind.OPERATOR, Access.VIEWER]),
    );
  });
});
