import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { LogStream, SupersededSchema } from "@groundcrew/proto";
import { Code, ConnectError, dial } from "@groundcrew/rpc";
import { ServerLink } from "../connection/server-link.ts";
import { createLog } from "../log.ts";
import { RecordWriter } from "../logs/record-writer.ts";
import { Spool } from "../logs/spool.ts";
import { openStateDirectory } from "../state/state-directory.ts";
import { FakeServer } from "../testing/fake-server.ts";
import { temporaryFolder } from "../testing/test-agent.ts";
import { findLeftSpools, sendLeftSpools } from "./recovery.ts";

/** A state directory with the spool of one line that a dead process left, and how to send it. */
async function setUp(t: TestContext) {
  const server = await FakeServer.start(t);
  const workflow = server.queue.submit({ plan: { case: "build", value: {} } });
  const state = await openStateDirectory(await temporaryFolder(t));
  t.after(() => state.close());
  const { workflowId, epoch } = workflow.grant;
  const header = { workflowId, epoch, step: "step", try: 1, baseMs: 0 };
  const spool = await Spool.create(join(state.spool, "1-101", "0"), header);
  const writer = new RecordWriter();
  writer.add({ atMs: 0, stream: LogStream.STDOUT, text: Buffer.from("left"), lineCount: 1, continued: false });
  await spool.append(writer.take());
  await spool.end();
  const { log } = createLog({ level: "error", sink: { write: () => {} } });
  const connection = await dial({ url: server.url });
  server.dependents.push(async () => connection.close());
  const link = new ServerLink({ transport: connection.transport, log });
  const send = async () =>
    sendLeftSpools({ state, left: await findLeftSpools(state), link, log, maxBytes: 1000 }, t.signal);
  return { server, workflow, state, send };
}

suite("a spool that an earlier process left", () => {
  test("is sent and deleted, whatever else lies in the spool directory", async (t) => {
    const { workflow, state, send } = await setUp(t);
    await writeFile(join(state.spool, "stray"), "");
    await send();
    assert.deepEqual(workflow.lines.get("step"), ["left"]);
    assert.deepEqual(await readdir(state.spool), ["stray"]);
  });

  for (const code of [Code.InvalidArgument, Code.NotFound, Code.FailedPrecondition]) {
    test(`is dropped when the server never takes it: ${Code[code]}`, async (t) => {
      const { server, state, send } = await setUp(t);
      server.refuse = () => {
        throw new ConnectError("no", code);
      };
      await send();
      assert.deepEqual(await readdir(state.spool), []);
    });
  }

  const refusals = [
    new ConnectError("unknown token", Code.Unauthenticated),
    new ConnectError("not an agent", Code.PermissionDenied),
    new ConnectError("superseded", Code.Aborted, undefined, [{ desc: SupersededSchema, value: {} }]),
  ];
  for (const refusal of refusals) {
    test(`is kept when the server refuses the agent, not the log: ${Code[refusal.code]}`, async (t) => {
      const { server, state, send } = await setUp(t);
      server.refuse = () => {
        throw refusal;
      };
      await assert.rejects(send(), { code: refusal.code });
      assert.deepEqual(await readdir(state.spool), ["1-101"]);
    });
  }
});
