import { Access } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { operatorClient } from "../testing/operator.ts";
import { SERVER_VERSION } from "../version.ts";

suite("who am I", () => {
  for (const [role, access] of [
    ["viewer", Access.VIEWER],
    ["operator", Access.OPERATOR],
    ["admin", Access.ADMIN],
  ] as const) {
    test(`tells a token's name and its role, ${role}`, async (t) => {
      const { client } = await operatorClient(t, await testContext(t), role);
      const who = await client.whoAmI({});
      assert.deepEqual([who.name, who.role, who.serverVersion], ["alice", access, SERVER_VERSION]);
    });
  }

  test("tells where agents dial, as configured, and the certificate's fingerprint", async (t) => {
    const configured = { agentUrl: "https://crew.example:7070", fingerprint: "sha256:00" };
    const { client } = await operatorClient(t, { ...(await testContext(t)), ...configured }, "viewer");
    const who = await client.whoAmI({});
    assert.deepEqual([who.agentUrl, who.certificateFingerprint], [configured.agentUrl, configured.fingerprint]);
  });

  test("tells agents to dial what the caller dialled, where nothing is configured", async (t) => {
    const { client, url } = await operatorClient(t, await testContext(t), "viewer");
    assert.equal((await client.whoAmI({})).agentUrl, url);
  });
});
