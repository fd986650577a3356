import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { BlobKind, FieldViolationSchema } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import { sql } from "kysely";
import { removeUnnamedBlobs } from "../blobs/unnamed.ts";
import { peerClient } from "../blobs/testing/peer-client.ts";
import { testContext } from "../testing/context.ts";
import { getFile, putFile } from "../testing/file-of.ts";
import { enrolAgent, insertWorkflow, startOne } from "../testing/fleet.ts";
import { operatorClient } from "../testing/operator.ts";
import { evictCaches } from "./evict.ts";

const MIB = 1024 ** 2;
const DAY_MS = 86_400_000;

/** An agent that may take anybody's work. */
async function builder(t: TestContext) {
  const context = await testContext(t);
  const agent = await enrolAgent(context);
  await context.db.updateTable("agents").set({ grant_untrusted: true }).execute();
  const client = await peerClient(t, context, agent);
  let pipelines = 0;
  /** A workflow that runs, of a pipeline of its own. */
  const start = async (whose: { repository?: string; trusted?: boolean } = {}) => {
    pipelines += 1;
    await insertWorkflow(context, { pipeline_id: String(pipelines), whose: { repository: "acme/app", ...whose } });
    return startOne(context, agent);
  };
  const find = async (lease: Awaited<ReturnType<typeof start>>, key: string, restoreKeys: string[] = []) => {
    const { blob } = await client.findCache({ lease, key, restoreKeys });
    return blob && [blob.name, await getFile(client, lease, BlobKind.CACHE, blob.id)];
  };
  return { context, client, start, find };
}

suite("caches", () => {
  test("are found by their key, else by the start of one, the newest first", async (t) => {
    const { client, start, find } = await builder(t);
    const [first, second] = [await start(), await start()];
    for (const key of ["npm-1", "npm-2", "go-%"]) await putFile(client, first, { cacheKey: key }, `of ${key}`);
    assert.deepEqual(await find(second, "npm-1", ["npm-"]), ["npm-1", "of npm-1"]);
    assert.deepEqual(await find(second, "npm-3", ["yarn-", "npm-", "go-"]), ["npm-2", "of npm-2"]);
    assert.equal(await find(second, "npm"), undefined);
    assert.equal(await find(second, "x", ["go-_"]), undefined);
  });

  test("of a key that is stored stay as they are", async (t) => {
    const { client, start, find } = await builder(t);
    const lease = await start();
    await putFile(client, lease, { cacheKey: "npm" }, "first");
    await putFile(client, lease, { cacheKey: "npm" }, "second");
    assert.deepEqual(await find(lease, "npm"), ["npm", "first"]);
  });

  test("serve one repository only", async (t) => {
    const { client, start, find } = await builder(t);
    const [mine, theirs] = [await start(), await start({ repository: "acme/other" })];
    const blob = await putFile(client, mine, { cacheKey: "npm" }, "mine");
    assert.equal(await find(theirs, "npm", ["n"]), undefined);
    const read = getFile(client, theirs, BlobKind.CACHE, blob?.id ?? "");
    await assert.rejects(read, (error) => error instanceof ConnectError && error.code === Code.NotFound);
  });

  test("of an untrusted pipeline serve nobody else; it reads those of its base", async (t) => {
    const { client, start, find } = await builder(t);
    const [base, fork, other] = [await start(), await start({ trusted: false }), await start({ trusted: false })];
    await putFile(client, fork, { cacheKey: "npm" }, "poisoned");
    assert.equal(await find(base, "npm", ["n"]), undefined);
    assert.equal(await find(other, "npm", ["n"]), undefined);
    await putFile(client, base, { cacheKey: "npm" }, "good");
    assert.deepEqual(await find(base, "npm"), ["npm", "good"]);
    assert.deepEqual(await find(fork, "npm"), ["npm", "poisoned"]);
    assert.deepEqual(await find(other, "npm"), ["npm", "good"]);
  });

  test("with keys that are none are refused, naming the field", async (t) => {
    const { client, start } = await builder(t);
    const lease = await start();
    for (const cacheKey of ["", "a\nb", "x".repeat(513)]) {
      await assert.rejects(putFile(client, lease, { cacheKey }, ""), /header\.cache_key/);
    }
    const restoreKeys = Array.from({ length: 17 }, String);
    await assert.rejects(client.findCache({ lease, key: "a", restoreKeys }), (error) => {
      assert.equal(detailOf(error, FieldViolationSchema)?.field, "restore_keys");
      return true;
    });
  });

  test("go when nothing uses them, and the least used of a repository with too much; untrusted ones first", async (t) => {
    const { context, client, start } = await builder(t);
    const [base, fork, elsewhere] = [await start(), await start({ trusted: false }), await start({ repository: "b" })];
    for (const [lease, cacheKey] of [
      [base, "unused"],
      [base, "old"],
      [base, "new"],
      [fork, "untrusted"],
      [elsewhere, "other"],
    ] as const) {
      await putFile(client, lease, { cacheKey }, cacheKey);
    }
    await sql`update caches set size = ${MIB}, last_used_at = now() - case key
      when 'unused' then interval '40 days' when 'old' then interval '2 days' else interval '0' end`.execute(
      context.db,
    );
    const limits = { cacheMaxBytes: 2 * MIB, cacheMaxAgeMs: 30 * DAY_MS };
    assert.equal(await evictCaches(context, limits), 2);
    const left = await context.db.selectFrom("caches").select("key").orderBy("id").execute();
    assert.deepEqual(
      left.map(({ key }) => key),
      ["old", "new", "other"],
    );
    assert.equal(await evictCaches(context, limits), 0);
  });

  test("leave their file until none names it", async (t) => {
    const { context, client, start } = await builder(t);
    const lease = await start();
    const removed: string[] = [];
    const blobs = {
      ...context.blobs,
      remove: async (sha256: Uint8Array) => void removed.push(Buffer.from(sha256).toString("hex")),
    };
    await putFile(client, lease, { cacheKey: "a" }, "same");
    await putFile(client, lease, { cacheKey: "b" }, "same");
    const people = (await operatorClient(t, context, "operator")).client;
    const { caches } = await people.listCaches({ repository: "acme/app" });
    const [b, a] = caches.map(({ id }) => id);
    await people.removeCache({ id: a ?? "" });
    const later = () => sql`update unnamed_blobs set since = now() - interval '3 days'`.execute(context.db);
    assert.equal(await removeUnnamedBlobs({ ...context, blobs }), 0, "too young");
    await later();
    assert.equal(await removeUnnamedBlobs({ ...context, blobs }), 1);
    assert.deepEqual(removed, [], "another cache names it");
    await people.removeCache({ id: b ?? "" });
    await later();
    await removeUnnamedBlobs({ ...context, blobs });
    assert.equal(removed.length, 1);
  });

  test("are listed and removed by people", async (t) => {
    const { context, client, start } = await builder(t);
    await putFile(client, await start(), { cacheKey: "npm" }, "12345");
    const people = (await operatorClient(t, context, "operator")).client;
    const { caches } = await people.listCaches({});
    assert.deepEqual(
      caches.map(({ repository, key, size, pipelineId }) => ({ repository, key, size, pipelineId })),
      [{ repository: "acme/app", key: "npm", size: "5", pipelineId: "0" }],
    );
    const id = caches[0]?.id ?? "";
    await people.removeCache({ id });
    await assert.rejects(people.removeCache({ id }), /cache "1" does not exist/);
    const viewer = (await operatorClient(t, context, "viewer")).client;
    await assert.rejects(viewer.removeCache({ id: "1" }), (error) => {
      return error instanceof ConnectError && error.code === Code.PermissionDenied;
    });
  });
});
