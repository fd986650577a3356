import { WorkflowState } from "@groundcrew/proto";
import {
  checkHistory,
  freshDatabase,
  launchServer,
  readLogs,
  startAgent,
  startReplica,
  submit,
  untilEnded,
  workflowOf,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { noPooler, startPooler } from "../../e2e/support/pgbouncer.ts";

const DAG = `
  workflows:
    build: { matrix: { n: [1, 2, 3, 4] }, steps: [{ run: 'seq 1 500' }] }
    after: { depends_on: build, steps: [{ run: 'echo after' }] }
`;

suite("servers behind a pooler that changes the session at each transaction", { skip: noPooler }, () => {
  test("migrate, say that they poll, and do all they do elsewhere", async (t) => {
    const direct = await freshDatabase({ prepare: () => Promise.resolve() });
    const databaseUrl = await startPooler(t, direct);
    const first = await launchServer(t, { databaseUrl });
    const second = await startReplica(t, first);
    for (const { process } of [first, second]) {
      await process.said("the database is behind a pooler");
      const told = process.lines.filter((line) => line.includes("LISTEN does not work"));
      assert.equal(told.length, 1);
    }
    await startAgent(t, first, { capacity: 4 });
    const ended = await untilEnded(second, (await submit(second, DAG)).id);
    assert.equal(ended.state, WorkflowState.SUCCEEDED);
    const { id } = workflowOf(ended, "after");
    assert.deepEqual([...(await readLogs(second, { workflowId: id })).values()], [["after"]]);
    await checkHistory(direct);
  });
});
