import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AgentGrantsSchema,
  CreateTokenRequestSchema,
  RegisterAgentRequestSchema,
  TokenKind,
  type AgentGrants,
} from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { agentInfo, enrolAgent } from "../testing/fleet.ts";
import { createToken } from "../tokens/create.ts";
import { readAgent } from "./read.ts";
import { registerAgent } from "./register.ts";
import { setAgentGrants } from "./set-grants.ts";

type Grants = MessageInitShape<typeof AgentGrantsSchema>;

const ACME: Grants = { owners: ["https://example.org/acme"], repositories: ["r"], untrusted: true };

function grant(context: ServerContext, { name }: { name: string }, grants: Grants) {
  return setAgentGrants(context, name, create(AgentGrantsSchema, grants));
}

async function granted(context: ServerContext, { name }: { name: string }): Promise<AgentGrants | undefined> {
  return (await readAgent(context, name)).grants;
}

/** Enrols an agent with a token that was made with these grants. */
async function enrolWith(context: ServerContext, name: string, grants: Grants | undefined) {
  const values = { name: "e", kind: TokenKind.ENROLMENT, ...(grants && { grants }) };
  const { token } = await createToken(context.db, create(CreateTokenRequestSchema, values), "alice");
  const request = create(RegisterAgentRequestSchema, { info: agentInfo({ name }), protocolVersion: 1 });
  const enrol = () => registerAgent(context, { kind: "enrolment", tokenId: token.id, name: "e" }, request);
  await enrol();
  return enrol;
}

suite("what an agent is granted", () => {
  test("is any owner's and repository's trusted work, unless somebody says otherwise", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    assert.deepEqual(await granted(context, agent), create(AgentGrantsSchema));
  });

  test("is what its enrolment token says", async (t) => {
    const context = await testContext(t);
    await enrolWith(context, "a", ACME);
    assert.deepEqual(await granted(context, { name: "a" }), create(AgentGrantsSchema, ACME));
  });

  test("is all that an admin says, and nothing of what was granted before; each name counts once", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await grant(context, agent, ACME);
    assert.deepEqual(await granted(context, agent), create(AgentGrantsSchema, ACME));
    await grant(context, agent, { owners: ["b", "a", "b"] });
    assert.deepEqual(await granted(context, agent), create(AgentGrantsSchema, { owners: ["b", "a"] }));
  });

  test("outlives a restart, and an enrolment that is answered again", async (t) => {
    const context = await testContext(t);
    const enrolAgain = await enrolWith(context, "a", undefined);
    await grant(context, { name: "a" }, ACME);
    const { agentId } = await enrolAgain();
    const request = create(RegisterAgentRequestSchema, { info: agentInfo({ name: "a" }), protocolVersion: 1 });
    await registerAgent(context, { kind: "agent", agentId: agentId ?? "", name: "a", generation: "" }, request);
    assert.deepEqual(await granted(context, { name: "a" }), create(AgentGrantsSchema, ACME));
  });

  const bad: [what: string, grants: Grants, field: string][] = [
    ["65 owners", { owners: Array.from({ length: 65 }, String) }, "grants.owners"],
    ["65 repositories", { repositories: Array.from({ length: 65 }, String) }, "grants.repositories"],
    ["an owner without a name", { owners: [""] }, "grants.owners"],
    ["a repository with NUL", { repositories: ["a\0"] }, "grants.repositories"],
    ["a repository that is a novel", { repositories: ["x".repeat(1_025)] }, "grants.repositories"],
  ];
  test("is refused", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (const [what, grants, field] of bad) {
      await t.test(`as ${what}, naming ${field}`, async () => {
        const refusal = { code: Code.InvalidArgument, rawMessage: new RegExp(`^${field} is `) };
        await assert.rejects(grant(context, agent, grants), refusal);
        const token = create(CreateTokenRequestSchema, { name: "e", kind: TokenKind.ENROLMENT, grants });
        await assert.rejects(createToken(context.db, token, "alice"), refusal);
      });
    }
    await assert.rejects(setAgentGrants(context, agent.name, undefined), { code: Code.InvalidArgument });
    await assert.rejects(grant(context, { name: "nobody" }, {}), { code: Code.NotFound });
    assert.deepEqual(await granted(context, agent), create(AgentGrantsSchema));
  });
});
