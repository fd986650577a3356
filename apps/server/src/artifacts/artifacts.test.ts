import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { BlobKind, StaleEpochSchema } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import { peerClient } from "../blobs/testing/peer-client.ts";
import { testContext } from "../testing/context.ts";
import { getFile, putFile } from "../testing/file-of.ts";
import { done, enrolAgent, startOne } from "../testing/fleet.ts";
import { operatorClient } from "../testing/operator.ts";
import { submit } from "../testing/pipeline.ts";

/** A server with two agents. */
async function fleet(t: TestContext) {
  const context = await testContext(t);
  const [one, two] = [await enrolAgent(context), await enrolAgent(context)];
  return { context, one, two, client: await peerClient(t, context, one), other: await peerClient(t, context, two) };
}

function codeOf(error: unknown): Code | undefined {
  return error instanceof ConnectError ? error.code : undefined;
}

suite("artifacts", () => {
  test("reach another workflow of the pipeline, on another agent", async (t) => {
    const { context, one, two, client, other } = await fleet(t);
    await submit(context, { build: {}, test: { after: ["build"] } });
    const build = await startOne(context, one);
    await putFile(client, build, { artifact: "dist" }, "built");
    await done(context, one, build);
    const tests = await startOne(context, two);
    const { blob } = await other.findArtifact({ lease: tests, workflow: "build", artifact: "dist" });
    assert.equal(blob?.stepRun?.step, "run");
    assert.equal(await getFile(other, tests, BlobKind.ARTIFACT, blob?.id ?? ""), "built");
    const none = await other.findArtifact({ lease: tests, workflow: "build", artifact: "other" });
    assert.equal(none.blob, undefined);
  });

  test("of a matrix are those of its last cell, and of a workflow itself without a name", async (t) => {
    const { context, one, client } = await fleet(t);
    await submit(context, { build: { matrix: { os: ["a", "b"] } } });
    const [first, second] = [await startOne(context, one), await startOne(context, one)];
    await putFile(client, second, { artifact: "dist" }, "of b");
    await putFile(client, first, { artifact: "dist" }, "of a");
    const find = async (workflow: string) => {
      const { blob } = await client.findArtifact({ lease: first, workflow, artifact: "dist" });
      return getFile(client, first, BlobKind.ARTIFACT, blob?.id ?? "");
    };
    assert.deepEqual(await Promise.all([find("build"), find("build (os=a)"), find("")]), ["of b", "of a", "of a"]);
  });

  test("are read by no other pipeline, and under no lease that has ended", async (t) => {
    const { context, one, two, client, other } = await fleet(t);
    await submit(context, { build: {} });
    await submit(context, { build: {} });
    const [mine, theirs] = [await startOne(context, one), await startOne(context, two)];
    const blob = await putFile(client, mine, { artifact: "dist" }, "secret");
    const found = await other.findArtifact({ lease: theirs, workflow: "build", artifact: "dist" });
    assert.equal(found.blob, undefined);
    const read = getFile(other, theirs, BlobKind.ARTIFACT, blob?.id ?? "");
    await assert.rejects(read, (error) => codeOf(error) === Code.NotFound);
    await assert.rejects(getFile(other, mine, BlobKind.ARTIFACT, blob?.id ?? ""), (error) =>
      Boolean(detailOf(error, StaleEpochSchema)),
    );
    await done(context, one, mine);
    await assert.rejects(client.findArtifact({ lease: mine, workflow: "", artifact: "dist" }), (error) =>
      Boolean(detailOf(error, StaleEpochSchema)),
    );
  });

  test("never change once they are stored", async (t) => {
    const { context, one, client } = await fleet(t);
    await submit(context, { build: {} });
    const lease = await startOne(context, one);
    await putFile(client, lease, { artifact: "dist" }, "built");
    await putFile(client, lease, { artifact: "dist" }, "built");
    await assert.rejects(putFile(client, lease, { artifact: "dist" }, "other"), /has another file named dist already/);
  });

  test("with names that are none are refused", async (t) => {
    const { context, one, client } = await fleet(t);
    await submit(context, { build: {} });
    const lease = await startOne(context, one);
    for (const artifact of ["", "..", "a/b", "a\nb", "x".repeat(201)]) {
      await assert.rejects(putFile(client, lease, { artifact }, ""), /header\.name/);
    }
  });

  test("are listed and read by people", async (t) => {
    const { context, one, client } = await fleet(t);
    const { id: pipelineId } = await submit(context, { build: {} });
    const lease = await startOne(context, one);
    await putFile(client, lease, { artifact: "dist" }, "built");
    await putFile(client, lease, { artifact: "docs" }, "written");
    const people = (await operatorClient(t, context, "viewer")).client;
    const page = await people.listArtifacts({ pipelineId, page: { size: 1 } });
    assert.deepEqual(
      page.artifacts.map(({ name, workflow, size }) => ({ name, workflow, size })),
      [{ name: "docs", workflow: "build", size: "7" }],
    );
    const rest = await people.listArtifacts({
      workflowId: lease.workflowId,
      page: { token: page.nextPageToken },
    });
    const id = rest.artifacts[0]?.id ?? "";
    const parts = await Array.fromAsync(people.getArtifact({ id }));
    assert.deepEqual(
      parts.map(({ part }) => part.case),
      ["info", "data"],
    );
    await assert.rejects(people.listArtifacts({}), /workflow_id/);
    await assert.rejects(Array.fromAsync(people.getArtifact({ id: "99" })), (error) => codeOf(error) === Code.NotFound);
  });
});
