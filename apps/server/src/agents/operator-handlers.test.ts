import { DesiredState, PauseScope } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { enrolAgent } from "../testing/fleet.ts";
import { operatorClient } from "../testing/operator.ts";

suite("over the wire", () => {
  test("an operator says what an agent is to do, in his own name", async (t) => {
    const context = await testContext(t);
    const { name, generation } = await enrolAgent(context);
    const { client } = await operatorClient(t, context, "operator");
    const target = { scope: PauseScope.AGENT, target: name };
    assert.equal((await client.pause(target)).pause?.pausedBy, "alice");
    assert.equal((await client.listPauses({})).pauses.length, 1);
    assert.equal(
      (await client.setAgentDesiredState({ agent: name, desiredState: DesiredState.DRAINING })).agent?.name,
      name,
    );
    const { agent } = await client.getAgent({ agent: name });
    assert.deepEqual([agent?.desiredState, agent?.pause?.target], [DesiredState.DRAINING, name]);
    assert.equal((await client.resume(target)).resumed, true);
    const action = { case: "shutDown", value: { reason: "a new disk" } } as const;
    const { directive } = await client.sendDirective({ agent: name, directive: { action } });
    assert.deepEqual([directive?.generation, directive?.action.case], [generation, "shutDown"]);
  });

  test("only an admin says whose work it takes", async (t) => {
    const context = await testContext(t);
    const { name } = await enrolAgent(context);
    const request = { agent: name, grants: { owners: ["https://example.org/acme"] } };
    const { client: operator } = await operatorClient(t, context, "operator");
    await assert.rejects(operator.setAgentGrants(request), { code: Code.PermissionDenied });
    const { client: admin } = await operatorClient(t, context, "admin");
    assert.deepEqual((await admin.setAgentGrants(request)).agent?.grants?.owners, request.grants.owners);
  });
});
