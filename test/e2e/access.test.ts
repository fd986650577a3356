import {
  Access,
  OperatorService,
  PeerService,
  ProtocolMismatchSchema,
  SupersededSchema,
  TokenKind,
  WorkKind,
} from "@groundcrew/proto";
import { Code, createClient, detailOf, dial, type ServiceImpl } from "@groundcrew/rpc";
import { anonymous, mount, serveGrpc } from "@groundcrew/rpc/server";
import {
  atEnd,
  dialAsAgent,
  enrolmentToken,
  enrolRawAgent,
  runAgent,
  runCrew,
  startServer,
  temporaryFolder,
  type Operator,
  type TestServer,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { refusedAs, refusedField } from "./support/refusal.ts";

const info = (name: string) => ({ name, capacity: 1, serves: WorkKind.BUILD, machine: {} });

async function operatorWith(t: TestContext, { url }: TestServer, token?: string): Promise<Operator> {
  const connection = await dial({ url, ...(token !== undefined && { token }) });
  atEnd(t, () => connection.close());
  return createClient(OperatorService, connection.transport);
}

test("access", { concurrency: true }, async (t) => {
  const server = await startServer(t);
  const admin = server.operator;
  const operatorToken = async (name: string, role: Access) =>
    (await admin.createToken({ name, kind: TokenKind.OPERATOR, role })).secret;

  t.test("an enrolment token enrols one agent, once, unless it says otherwise", async (t) => {
    const token = await enrolmentToken(server);
    const first = await dialAsAgent(t, server, token);
    const { credential, generation } = await first.client.registerAgent({ info: info("one"), protocolVersion: 1 });
    first.speak({ credential, generation });
    await first.client.reportHealth({});
    const second = await dialAsAgent(t, server, token);
    await refusedAs(second.client.registerAgent({ info: info("two"), protocolVersion: 1 }), Code.Unauthenticated);

    const reusable = await admin.createToken({ name: "reusable", kind: TokenKind.ENROLMENT, reusable: true });
    const third = await dialAsAgent(t, server, reusable.secret);
    await third.client.registerAgent({ info: info("three"), protocolVersion: 1 });
    await third.client.registerAgent({ info: info("four"), protocolVersion: 1 });
    const taken = third.client.registerAgent({ info: info("one"), protocolVersion: 1 });
    assert.match((await refusedAs(taken, Code.AlreadyExists)).rawMessage, /crew agents reset one/);
    await admin.resetAgent({ agent: "one" });
    await third.client.registerAgent({ info: info("one"), protocolVersion: 1 });
    await refusedAs(first.client.reportHealth({}), Code.Unauthenticated);
  });

  t.test("an enrolment whose answer was lost may be repeated until the agent was heard of", async (t) => {
    const { client } = await dialAsAgent(t, server, await enrolmentToken(server));
    await client.registerAgent({ info: info("lost-answer"), protocolVersion: 1 });
    const again = await client.registerAgent({ info: info("lost-answer"), protocolVersion: 1 });
    assert.match(again.credential, /^gca_/);
  });

  t.test("a revoked token is refused at its next call", async (t) => {
    const token = await operatorToken("shortly", Access.VIEWER);
    const operator = await operatorWith(t, server, token);
    assert.equal((await operator.whoAmI({})).name, "shortly");
    await admin.revokeToken({ token: "shortly" });
    await refusedAs(operator.whoAmI({}), Code.Unauthenticated);
    const crew = await runCrew({ url: server.url, adminToken: token, fingerprint: "" }, ["pipelines", "ls"]);
    assert.equal(crew.exitCode, 3, crew.stderr);
    assert.match(crew.stderr, /next: +\S/);
  });

  t.test("each role may do what it is for, and no more", async (t) => {
    const file = { path: "p.yaml", content: `workflows: { w: { labels: { no: body }, steps: [{ run: "true" }] } }` };
    const token = { name: "t", kind: TokenKind.OPERATOR, role: Access.ADMIN };
    const viewer = await operatorWith(t, server, await operatorToken("viewer", Access.VIEWER));
    await viewer.listPipelines({});
    await refusedAs(viewer.submitPipeline({ file }), Code.PermissionDenied);
    const operator = await operatorWith(t, server, await operatorToken("operator", Access.OPERATOR));
    await operator.submitPipeline({ file });
    await refusedAs(operator.createToken(token), Code.PermissionDenied);
    await refusedAs(operator.listTokens({}), Code.PermissionDenied);
    const nobody = await operatorWith(t, server);
    await refusedAs(nobody.whoAmI({}), Code.Unauthenticated);
    const agent = await enrolRawAgent(t, server);
    for (const secret of [agent.credential, await enrolmentToken(server)]) {
      await refusedAs((await operatorWith(t, server, secret)).whoAmI({}), Code.PermissionDenied);
    }
    const peer = await dialAsAgent(t, server, server.adminToken);
    await refusedAs(peer.client.extend({}), Code.PermissionDenied);
    await refusedAs(peer.client.registerAgent({ info: info("admin"), protocolVersion: 1 }), Code.PermissionDenied);
  });

  t.test("only the newest process of an agent is heard", async (t) => {
    const agent = await enrolRawAgent(t, server);
    const newer = await dialAsAgent(t, server, agent.credential);
    await refusedField(newer.client.extend({}), "groundcrew-generation");
    const { generation, credential } = await newer.client.registerAgent({ info: agent.info, protocolVersion: 1 });
    assert.deepEqual([generation, credential], ["2", ""], "the credential is not told again");
    const superseded = detailOf(await refusedAs(agent.client.extend({}), Code.Aborted), SupersededSchema);
    assert.deepEqual([superseded?.generation, superseded?.newest], ["1", "2"]);
    newer.speak({ credential: agent.credential, generation });
    await newer.client.extend({});
  });

  t.test("a protocol version that the server does not speak is refused with those it does", async (t) => {
    const { client } = await dialAsAgent(t, server, await enrolmentToken(server));
    for (const protocolVersion of [0, 99]) {
      const call = client.registerAgent({ info: info("future"), protocolVersion });
      const mismatch = detailOf(await refusedAs(call, Code.FailedPrecondition), ProtocolMismatchSchema);
      assert.deepEqual([mismatch?.serverMin, mismatch?.serverMax, mismatch?.client], [1, 1, protocolVersion]);
    }
  });

  t.test("an agent whose token is unknown exits 3 with a word on what to do", async (t) => {
    const state = join(await temporaryFolder(t), "state");
    const env = { GROUNDCREW_AGENT_TOKEN: `gce_${"x".repeat(43)}` };
    const result = await runAgent(["--server", server.url, "--name", "stranger", "--state-dir", state], env);
    assert.equal(result.exitCode, 3, result.stderr);
    assert.match(result.stderr, /delete identity\.json in its state directory and start it with a new token/);
    assert.doesNotMatch(result.stderr, /\\n +at /);
  });
});

test("an agent that finds a server of another age exits 4 and names both ranges", async (t) => {
  const versions = { serverVersion: "9.0.0", protocolMin: 7, protocolMax: 9 };
  const rpc = { version: () => versions } as unknown as ServiceImpl<typeof PeerService>;
  const all = new Proxy(rpc, { get: (own, name) => Reflect.get(own, name) ?? (() => ({})) });
  const listen = { host: "127.0.0.1", port: 0 };
  const server = await serveGrpc({ listen, services: [mount(PeerService, all)], authenticate: anonymous });
  atEnd(t, () => server.close(0));
  const state = join(await temporaryFolder(t), "state");
  const result = await runAgent(["--server", server.url, "--name", "old", "--state-dir", state, "--token", "gce_x"]);
  assert.equal(result.exitCode, 4, result.stderr);
  assert.match(result.stderr, /7 to 9.*1 to 1.*upgrade the agent/);
});
