import { create } from "@bufbuild/protobuf";
import {
  AgentConnection,
  DesiredState,
  ListAgentsRequestSchema,
  RegisterAgentRequestSchema,
  ReportHealthRequestSchema,
} from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { agentInfo, done, enrolAgent, startOne } from "../testing/fleet.ts";
import { submit } from "../testing/pipeline.ts";
import type { Caller } from "./caller.ts";
import { HealthDesk } from "./health.ts";
import { listAgents } from "./list.ts";
import { readAgent } from "./read.ts";
import { registerAgent } from "./register.ts";

function list(context: ServerContext, page: { size?: number; token?: string } = {}) {
  return listAgents(context, create(ListAgentsRequestSchema, { page }));
}

function health(context: ServerContext, agent: Caller, changes: { bye?: boolean; recentLog?: string[] } = {}) {
  return new HealthDesk(context, 0).report(agent, create(ReportHealthRequestSchema, changes));
}

const earlier = (column: string) => sql<Date>`${sql.ref(column)} - interval '1 minute'`;

/** Makes everything an agent ever said a minute older. */
function age({ db }: ServerContext, { agentId }: Caller) {
  return db
    .updateTable("agents")
    .set({
      registered_at: earlier("registered_at"),
      last_seen_at: earlier("last_seen_at"),
      disconnected_at: earlier("disconnected_at"),
    })
    .where("id", "=", agentId)
    .execute();
}

type Act = (context: ServerContext, agent: Caller) => Promise<unknown>;
const report: Act = (context, agent) => health(context, agent);
const bye: Act = (context, agent) => health(context, agent, { bye: true });

/** Its next process. */
const register: Act = async (context, agent) => {
  const request = create(RegisterAgentRequestSchema, { info: agentInfo({ name: agent.name }), protocolVersion: 1 });
  const { generation } = await registerAgent(context, { kind: "agent", ...agent }, request);
  agent.generation = generation ?? "";
};

suite("an agent's connection", () => {
  const table: [what: string, acts: Act[], connection: keyof typeof AgentConnection][] = [
    ["has registered", [], "CONNECTING"],
    ["reported", [report], "CONNECTED"],
    ["said bye", [report, bye], "DISCONNECTED"],
    ["said bye long ago", [report, bye, age], "DISCONNECTED"],
    ["said bye before an earlier report arrived", [report, bye, report], "DISCONNECTED"],
    ["is back after its bye", [bye, register, report], "CONNECTED"],
    ["was not heard of for two health intervals", [report, age], "TIMED_OUT"],
    ["never came after its registration", [age], "TIMED_OUT"],
    ["is heard of again", [report, age, report], "CONNECTED"],
  ];
  for (const [what, acts, connection] of table) {
    test(`of one that ${what} is ${connection}`, async (t) => {
      const context = await testContext(t, { healthIntervalMs: 10_000 });
      const agent = await enrolAgent(context);
      for (const act of acts) await act(context, agent);
      assert.equal((await readAgent(context, agent.name)).connection, AgentConnection[connection]);
    });
  }
});

suite("an agent that is read", () => {
  test("is found by its id and by its name", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { labels: { os: "linux" }, capacity: 3 });
    const byName = await readAgent(context, agent.name);
    assert.deepEqual(await readAgent(context, agent.agentId.toUpperCase()), byName);
    assert.equal(byName.id, agent.agentId);
    assert.deepEqual(byName.labels, { os: "linux" });
    assert.equal(byName.capacity, 3);
    assert.equal(byName.desiredState, DesiredState.READY);
    assert.equal(byName.generation, "1");
  });

  test("shows the workflows it holds, and not those it held", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await submit(context, { a: {}, b: {} });
    await done(context, agent, await startOne(context, agent));
    const { workflowId } = await startOne(context, agent);
    const { busy, workflowIds } = await readAgent(context, agent.name);
    assert.deepEqual([busy, workflowIds], [1, [workflowId]]);
  });

  test("shows its own log lines, which a list leaves out", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await health(context, agent, { recentLog: ["one", "two"] });
    assert.deepEqual((await readAgent(context, agent.name)).recentLog, ["one", "two"]);
    assert.deepEqual((await list(context)).agents?.[0]?.recentLog, []);
  });

  test("must exist", async (t) => {
    const context = await testContext(t);
    await assert.rejects(readAgent(context, "nobody"), { code: Code.NotFound });
    await assert.rejects(readAgent(context, "00000000-0000-0000-0000-000000000000"), { code: Code.NotFound });
    await assert.rejects(readAgent(context, ""), { code: Code.InvalidArgument });
  });
});

suite("the list of agents", () => {
  test("is newest first, in pages that meet, also when several were made at once", async (t) => {
    const context = await testContext(t);
    for (const name of ["a", "b", "c", "d", "e"]) await enrolAgent(context, { name });
    await sql`update agents set created_at = now() where name in ('b', 'c', 'd')`.execute(context.db);
    await sql`update agents set created_at = now() - interval '1 day' where name = 'a'`.execute(context.db);
    await sql`update agents set created_at = now() + interval '1 day' where name = 'e'`.execute(context.db);
    const shown: (string | undefined)[] = [];
    let token = "";
    do {
      const page = await list(context, { size: 2, token });
      shown.push(...(page.agents ?? []).map(({ name }) => name));
      token = page.nextPageToken ?? "";
    } while (token !== "");
    assert.deepEqual(
      [shown.length, shown[0], new Set(shown.slice(1, 4)), shown[4]],
      [5, "e", new Set(["b", "c", "d"]), "a"],
    );
  });

  test("refuses a page token that it did not make", async (t) => {
    const context = await testContext(t);
    for (const token of ["%", "MQ", Buffer.from("1.x").toString("base64url")]) {
      await assert.rejects(list(context, { token }), { code: Code.InvalidArgument });
    }
  });
});
