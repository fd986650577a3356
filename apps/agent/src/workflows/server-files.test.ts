import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { FilesError } from "@groundcrew/engine";
import { BlobKind } from "@groundcrew/proto";
import { Code, ConnectError, dial } from "@groundcrew/rpc";
import { ServerLink } from "../connection/server-link.ts";
import { createLog } from "../log.ts";
import { FakeServer } from "../testing/fake-server.ts";
import { temporaryFolder } from "../testing/test-agent.ts";
import { Lease } from "./lease.ts";
import { ServerFiles } from "./server-files.ts";

const { signal } = new AbortController();

/** The files of a step of a workflow that this agent holds, and a folder with an archive. */
async function held(t: TestContext) {
  const server = await FakeServer.start(t);
  const connection = await dial({ url: server.url });
  t.after(() => connection.close());
  const { log } = createLog({ level: "debug", sink: { write: () => {} } });
  const workflow = server.queue.submit({ plan: { case: "build", value: { steps: [] } } });
  const lease = new Lease(workflow.grant, new ServerLink({ transport: connection.transport, log, random: () => 0 }));
  const { workflowId, epoch } = workflow.grant;
  const files = new ServerFiles({ lease, stepRun: { workflowId, epoch, step: "build", try: 1 } });
  const folder = await temporaryFolder(t);
  const archive = join(folder, "archive");
  await writeFile(archive, "0123456789");
  return { server, workflow, files, archive, into: join(folder, "fetched") };
}

suite("the files of a step, on the server", () => {
  test("come back as they were put there", async (t) => {
    const { files, archive, into } = await held(t);
    await files.putArtifact("dist", archive, signal);
    assert.equal(await files.getArtifact("", "dist", into, signal), true);
    assert.equal(await readFile(into, "utf8"), "0123456789");
    assert.equal(await files.getArtifact("", "other", `${into}2`, signal), false);
  });

  test("say what they are", async (t) => {
    const { server, files, archive } = await held(t);
    const headers: unknown[] = [];
    server.onBlob = ({ kind, name, cacheKey }) => void headers.push({ kind, name, cacheKey });
    await files.putArtifact("dist", archive, signal);
    await files.putCache("npm-1", archive, signal);
    assert.deepEqual(headers, [
      { kind: BlobKind.ARTIFACT, name: "dist", cacheKey: "" },
      { kind: BlobKind.CACHE, name: "", cacheKey: "npm-1" },
    ]);
  });

  test("of a cache are found by the start of its key", async (t) => {
    const { files, archive, into } = await held(t);
    await files.putCache("npm-1", archive, signal);
    assert.equal(await files.findCache("npm-2", ["yarn-", "npm-"], into, signal), "npm-1");
    assert.equal(await files.findCache("npm-2", [], `${into}2`, signal), undefined);
  });

  test("that are cut off on their way go on where they ended", async (t) => {
    const { server, files, archive, into } = await held(t);
    await files.putArtifact("dist", archive, signal);
    let parts = 0;
    server.onPart = () => {
      parts += 1;
      if (parts === 2) throw new ConnectError("away", Code.Unavailable);
    };
    assert.equal(await files.getArtifact("", "dist", into, signal), true);
    assert.equal(await readFile(into, "utf8"), "0123456789");
    assert.equal(parts, 3);
  });

  test("are refused with the server's words, and a lost lease is no such refusal", async (t) => {
    const { server, workflow, files, archive } = await held(t);
    server.refuse = (method) => {
      if (method === "putBlob") throw new ConnectError("the name is taken", Code.FailedPrecondition);
    };
    await assert.rejects(files.putArtifact("dist", archive, signal), (error: unknown) => {
      assert.ok(error instanceof FilesError);
      assert.equal(error.message, "the name is taken");
      return true;
    });
    server.refuse = () => {};
    server.queue.lose(workflow);
    await assert.rejects(files.putArtifact("dist", archive, signal), /the lease is not yours/);
  });
});
