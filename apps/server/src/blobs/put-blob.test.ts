import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { suite, test, type TestContext } from "node:test";
import { BlobOffsetSchema, FieldViolationSchema, StaleEpochSchema } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import { sql } from "kysely";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow, startOne } from "../testing/fleet.ts";
import type { BlobStore } from "./store.ts";
import { peerClient } from "./testing/peer-client.ts";

interface Header {
  stepRun: { workflowId: string; epoch: string; step: string; try: number };
  name: string;
  contentType: string;
  size: string;
  sha256: Uint8Array;
  offset: string;
}

const MIB = 1024 * 1024;

async function* messages(header: Header, ...data: Uint8Array[]) {
  yield { part: { case: "header" as const, value: header } };
  for (const value of data) yield { part: { case: "data" as const, value } };
}

/** A server with a build that an agent has started, and that agent's client. */
async function runningBuild(t: TestContext) {
  const context = await testContext(t);
  const agent = await enrolAgent(context);
  await insertWorkflow(context);
  const { workflowId, epoch } = await startOne(context, agent);
  const client = await peerClient(t, context, agent);
  const stepRun = { workflowId, epoch, step: "run", try: 1 };
  const headerOf = (content: Uint8Array, more: Partial<Header> = {}): Header => ({
    stepRun,
    name: "result.txt",
    contentType: "text/plain",
    size: String(content.length),
    sha256: createHash("sha256").update(content).digest(),
    offset: "0",
    ...more,
  });
  return { context, agent, client, stepRun, headerOf };
}

async function download(stream: AsyncIterable<{ part: { case?: string | undefined; value?: unknown } }>) {
  const [first, ...rest] = await Array.fromAsync(stream);
  return { info: first?.part.value, data: Buffer.concat(rest.map(({ part }) => part.value as Uint8Array)) };
}

async function failure(call: Promise<unknown>): Promise<ConnectError> {
  const error: unknown = await call.then(
    () => new Error("the call succeeded"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}

/** A store that tells when the first data has arrived in it, and when that upload has ended. */
function watched(store: BlobStore) {
  const [arrived, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  async function* seen(parts: AsyncIterable<Uint8Array>) {
    for await (const part of parts) {
      yield part;
      arrived.resolve();
    }
  }
  const blobs: BlobStore = {
    receive: (upload, parts) => store.receive(upload, seen(parts)).finally(ended.resolve),
    put: (bytes) => store.put(bytes),
    read: (sha256, offset) => store.read(sha256, offset),
    remove: (sha256) => store.remove(sha256),
  };
  return { arrived: arrived.promise, ended: ended.promise, blobs };
}

suite("PutBlob and GetBlob", () => {
  test("a file comes back as it was stored, from any offset", async (t) => {
    const { client, stepRun, headerOf } = await runningBuild(t);
    const content = randomBytes(2 * MIB + 17);
    const pieces = [content.subarray(0, MIB), content.subarray(MIB, 2 * MIB), content.subarray(2 * MIB)];
    const { blob } = await client.putBlob(messages(headerOf(content), ...pieces));
    assert.ok(blob?.createdAt);
    assert.equal(blob.size, String(content.length));
    assert.deepEqual({ ...blob.stepRun, $typeName: undefined }, { ...stepRun, $typeName: undefined });

    const whole = await download(client.getBlob({ id: blob.id }));
    assert.deepEqual(whole.data, content);
    assert.deepEqual(whole.info, blob);
    const tail = await download(client.getBlob({ id: blob.id, offset: "2097152" }));
    assert.deepEqual(tail.data, content.subarray(2 * MIB));
    const beyond = await failure(download(client.getBlob({ id: blob.id, offset: String(content.length + 1) })));
    assert.equal(detailOf(beyond, FieldViolationSchema)?.field, "offset");
  });

  test("repeating a stored file needs no data; another content under its name is refused", async (t) => {
    const { client, headerOf } = await runningBuild(t);
    const content = Buffer.from("evidence");
    const first = await client.putBlob(messages(headerOf(content), content));
    const again = await client.putBlob(messages(headerOf(content)));
    assert.deepEqual(again.blob, first.blob);

    const changed = await failure(client.putBlob(messages(headerOf(Buffer.from("tampered")))));
    assert.equal(changed.code, Code.FailedPrecondition);
    assert.match(changed.message, /another file named result\.txt already/);
    assert.equal(detailOf(changed, BlobOffsetSchema), undefined);
  });

  test("a broken upload goes on at the offset that a header alone is answered with", async (t) => {
    const { client, headerOf } = await runningBuild(t);
    const content = randomBytes(1000);
    const cut = await failure(client.putBlob(messages(headerOf(content), content.subarray(0, 600))));
    assert.equal(detailOf(cut, BlobOffsetSchema)?.offset, "600");
    const asked = await failure(client.putBlob(messages(headerOf(content))));
    assert.equal(asked.code, Code.FailedPrecondition);
    assert.equal(detailOf(asked, BlobOffsetSchema)?.offset, "600");

    const { blob } = await client.putBlob(messages(headerOf(content, { offset: "600" }), content.subarray(600)));
    assert.ok(blob);
    assert.deepEqual((await download(client.getBlob({ id: blob.id }))).data, content);
  });

  test("a client that goes away in mid-upload leaves what it sent, and the file free to go on with", async (t) => {
    const { client, context, agent, headerOf } = await runningBuild(t);
    const content = randomBytes(1000);
    const { arrived, ended, blobs } = watched(context.blobs);
    const watchedClient = await peerClient(t, { ...context, blobs }, agent);
    const gone = new AbortController();
    const stuck = (async function* () {
      yield* messages(headerOf(content), content.subarray(0, 600));
      await once(gone.signal, "abort");
    })();
    const upload = failure(watchedClient.putBlob(stuck, { signal: gone.signal }));
    await arrived;
    gone.abort();
    assert.equal((await upload).code, Code.Canceled);
    await ended;
    const asked = await failure(client.putBlob(messages(headerOf(content))));
    assert.equal(detailOf(asked, BlobOffsetSchema)?.offset, "600");
  });

  test("content that is not what the header says is refused", async (t) => {
    const { client, headerOf } = await runningBuild(t);
    const content = Buffer.from("right");
    const wrong = await failure(client.putBlob(messages(headerOf(content), Buffer.from("wrong"))));
    assert.equal(wrong.code, Code.InvalidArgument);
    assert.match(wrong.message, /SHA-256 is [0-9a-f]{64}, not the header's/);
    const long = await failure(client.putBlob(messages(headerOf(content), Buffer.from("right and more"))));
    assert.equal(long.code, Code.InvalidArgument);
  });

  test("of two uploads of one file at a time, the second is told to try again", async (t) => {
    const { client, context, agent, headerOf } = await runningBuild(t);
    const content = randomBytes(1000);
    const { arrived, blobs } = watched(context.blobs);
    const slowClient = await peerClient(t, { ...context, blobs }, agent);
    const rest = Promise.withResolvers<Uint8Array>();
    const slow = (async function* () {
      yield* messages(headerOf(content), content.subarray(0, 500));
      yield { part: { case: "data" as const, value: await rest.promise } };
    })();
    const first = slowClient.putBlob(slow);
    await arrived;
    const second = await failure(client.putBlob(messages(headerOf(content))));
    assert.equal(second.code, Code.Aborted);
    assert.match(second.message, /another call is storing this file/);
    rest.resolve(content.subarray(500));
    assert.equal((await first).blob?.size, "1000");
  });

  test("only the lease's own agent may store, up to 24 hours after the lease's end", async (t) => {
    const { client, context, stepRun, headerOf } = await runningBuild(t);
    const other = await peerClient(t, context, await enrolAgent(context));
    const content = Buffer.from("evidence");
    const upload = (name: string) => messages(headerOf(content, { name }), content);

    const stale = await failure(other.putBlob(upload("a")));
    assert.equal(stale.code, Code.FailedPrecondition);
    assert.equal(detailOf(stale, StaleEpochSchema)?.epoch, stepRun.epoch);
    const future = headerOf(content, { stepRun: { ...stepRun, epoch: "999999" } });
    assert.ok(detailOf(await failure(client.putBlob(messages(future, content))), StaleEpochSchema));

    const endLease = (hoursAgo: number) =>
      context.db
        .updateTable("leases")
        .set({ ended_at: sql<Date>`now() - ${hoursAgo} * interval '1 hour'` })
        .execute();
    await endLease(23);
    const { blob } = await client.putBlob(upload("b"));
    assert.ok(blob);
    await endLease(25);
    assert.ok(detailOf(await failure(client.putBlob(upload("c"))), StaleEpochSchema));

    const foreign = await failure(download(other.getBlob({ id: blob.id })));
    assert.equal(foreign.code, Code.NotFound);
  });

  const badHeaders: [string, Partial<Header>][] = [
    ["header.name", { name: "" }],
    ["header.name", { name: "../../etc/passwd" }],
    ["header.name", { name: ".." }],
    ["header.name", { name: "." }],
    ["header.name", { name: "a\0b" }],
    ["header.name", { name: "ein/verzeichnis" }],
    ["header.name", { name: "ümlaut" }],
    ["header.name", { name: "a\n" }],
    ["header.name", { name: "x".repeat(201) }],
    ["header.content_type", { contentType: "text/html\r\nx-evil: 1" }],
    ["header.size", { size: "-1" }],
    ["header.size", { size: String(256 * MIB + 1) }],
    ["header.offset", { offset: "6" }],
    ["header.sha256", { sha256: new Uint8Array(31) }],
  ];
  test("a header that does not fit is refused, naming the field", async (t) => {
    const { client, headerOf } = await runningBuild(t);
    for (const [field, wrong] of badHeaders) {
      const error = await failure(client.putBlob(messages(headerOf(Buffer.from("12345"), wrong))));
      assert.equal(error.code, Code.InvalidArgument, JSON.stringify(wrong));
      assert.equal(detailOf(error, FieldViolationSchema)?.field, field, JSON.stringify(wrong));
    }
  });

  test("the header comes first and once, and no part is larger than 1 MiB", async (t) => {
    const { client, headerOf } = await runningBuild(t);
    const content = Buffer.alloc(2 * MIB);
    const header = { part: { case: "header" as const, value: headerOf(content) } };
    const large = { part: { case: "data" as const, value: content.subarray(0, MIB + 1) } };
    for (const sent of [[], [large], [header, header], [header, large]]) {
      const error = await failure(
        client.putBlob(
          (async function* () {
            yield* sent;
          })(),
        ),
      );
      assert.equal(error.code, Code.InvalidArgument);
      assert.ok(detailOf(error, FieldViolationSchema), error.message);
    }
  });
});
