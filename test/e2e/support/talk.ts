import { WorkflowState } from "@groundcrew/proto";
import {
  readLogs,
  startAgent,
  startServer,
  submit,
  temporaryFolder,
  untilEnded,
  untilLogged,
  workflowOf,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A workflow that writes a line every 40 ms, and ends soon after the file that `GATE` names was made. */
export const TALK = `
  workflows:
    w:
      steps:
        - run: |
            i=0
            until [ -e "$GATE" ]; do echo "line $i"; i=$((i + 1)); sleep 0.04; done
            echo "last $i"
`;

/** Starts a server, and an agent that runs the talking workflow. */
export async function startTalking(t: TestContext, start = startServer) {
  const server = await start(t);
  await startAgent(t, server);
  const gate = join(await temporaryFolder(t, "gate"), "open");
  const submitted = await submit(server, TALK, { GATE: gate });
  await untilLogged(server, submitted, "line 5");
  /** Lets the step end and checks that nothing was lost or run twice. */
  const finish = async (): Promise<void> => {
    await writeFile(gate, "");
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.attempt, workflow.epoch], [WorkflowState.SUCCEEDED, 1, "1"]);
    const [lines = []] = (await readLogs(server, { workflowId: workflow.id })).values();
    const count = lines.length - 1;
    assert.ok(count > 5);
    assert.deepEqual(lines, [...Array.from({ length: count }, (_, index) => `line ${index}`), `last ${count}`]);
  };
  return { server, submitted, finish };
}
