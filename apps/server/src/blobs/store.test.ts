import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { BlobFault, type BlobFaultReason } from "./blob-fault.ts";
import { openStores } from "../testing/stores.ts";
import { hexOf, type BlobStore, type Upload } from "./store.ts";

async function freshFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-store-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "blobs");
}

function uploadOf(content: Uint8Array, offset = 0): Upload {
  return { key: "7-ocp.jsonl", size: content.length, sha256: createHash("sha256").update(content).digest(), offset };
}

async function* parts(...content: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* content;
}

async function readAll(store: BlobStore, sha256: Uint8Array, offset = 0): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(store.read(sha256, offset)));
}

function fault(kind: BlobFaultReason["kind"], more: object = {}) {
  return (error: unknown) => {
    assert.ok(error instanceof BlobFault, String(error));
    const reason: object = error.reason;
    assert.deepEqual({ ...reason, ...more }, reason);
    assert.equal(error.reason.kind, kind);
    return true;
  };
}

/** A stream that breaks after its parts, as when the connection does. */
async function* broken(...content: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* content;
  throw new Error("the connection broke");
}

suite("the blob store", () => {
  test("keeps a file under its SHA-256, for its own user only", async (t) => {
    const folder = await freshFolder(t);
    const { blobs: store } = await openStores(folder);
    const content = randomBytes(3_000_000);
    const upload = uploadOf(content);
    await store.receive(upload, parts(content.subarray(0, 1_000_000), content.subarray(1_000_000)));

    const digest = hexOf(upload.sha256);
    const file = await stat(join(folder, digest.slice(0, 2), digest.slice(2, 4), digest));
    assert.equal(file.mode & 0o777, 0o600);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await stat(join(folder, digest.slice(0, 2)))).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(join(folder, "incoming")), []);
    assert.deepEqual(await readAll(store, upload.sha256), content);
  });

  test("reads from an offset, in parts of at most 1 MiB", async (t) => {
    const { blobs: store } = await openStores(await freshFolder(t));
    const content = randomBytes(2_500_000);
    const { sha256 } = await store.put(content);
    const read = await Array.fromAsync(store.read(sha256, 100));
    assert.ok(read.every((part) => part.length <= 1024 * 1024));
    assert.deepEqual(Buffer.concat(read), content.subarray(100));
    assert.deepEqual(await readAll(store, sha256, content.length), Buffer.alloc(0));
  });

  test("keeps equal content once, and an empty file like any other", async (t) => {
    const folder = await freshFolder(t);
    const { blobs: store } = await openStores(folder);
    const first = await store.put(Buffer.from("same"));
    await store.put(Buffer.from("same"));
    assert.deepEqual(await readAll(store, first.sha256), Buffer.from("same"));
    const empty = uploadOf(Buffer.alloc(0));
    await store.receive(empty, parts());
    assert.deepEqual(await readAll(store, empty.sha256), Buffer.alloc(0));
  });

  test("goes on where a broken upload stopped, also after a restart", async (t) => {
    const folder = await freshFolder(t);
    const content = randomBytes(1000);
    const { blobs: store } = await openStores(folder);
    await assert.rejects(store.receive(uploadOf(content), broken(content.subarray(0, 400))), /connection broke/);

    const { blobs: restarted } = await openStores(folder);
    await assert.rejects(restarted.receive(uploadOf(content), parts(content)), fault("offset", { offset: 400 }));
    await assert.rejects(restarted.receive(uploadOf(content, 999), parts()), fault("offset", { offset: 400 }));
    await restarted.receive(uploadOf(content, 400), parts(content.subarray(400)));
    assert.deepEqual(await readAll(restarted, uploadOf(content).sha256), content);
  });

  test("asks for the rest when the data stops early", async (t) => {
    const { blobs: store } = await openStores(await freshFolder(t));
    const content = randomBytes(1000);
    const early = store.receive(uploadOf(content), parts(content.subarray(0, 300)));
    await assert.rejects(early, fault("offset", { offset: 300 }));
  });

  test("discards content that is not what its SHA-256 says, so that it can be sent anew", async (t) => {
    const folder = await freshFolder(t);
    const { blobs: store } = await openStores(folder);
    const content = randomBytes(1000);
    await assert.rejects(store.receive(uploadOf(content), parts(randomBytes(1000))), fault("mismatch"));
    assert.deepEqual(await readdir(join(folder, "incoming")), []);
    await store.receive(uploadOf(content), parts(content));
  });

  test("discards content that is longer than its size says", async (t) => {
    const folder = await freshFolder(t);
    const { blobs: store } = await openStores(folder);
    const upload = { ...uploadOf(randomBytes(1000)), size: 10 };
    await assert.rejects(store.receive(upload, parts(randomBytes(11))), fault("too_long", { size: 10 }));
    assert.deepEqual(await readdir(join(folder, "incoming")), []);
  });

  test("starts over when the stored part is longer than the file now announced", async (t) => {
    const { blobs: store } = await openStores(await freshFolder(t));
    await assert.rejects(store.receive(uploadOf(randomBytes(1000)), broken(randomBytes(900))));
    const shorter = randomBytes(100);
    await store.receive(uploadOf(shorter), parts(shorter));
    assert.deepEqual(await readAll(store, uploadOf(shorter).sha256), shorter);
  });

  test("takes one upload of a file at a time", async (t) => {
    const { blobs: store } = await openStores(await freshFolder(t));
    const content = randomBytes(1000);
    const upload = uploadOf(content);
    const rest = Promise.withResolvers<Uint8Array>();
    const slow = (async function* () {
      yield content.subarray(0, 500);
      yield await rest.promise;
    })();
    const first = store.receive(upload, slow);
    await assert.rejects(store.receive(upload, parts(content)), fault("busy"));
    rest.resolve(content.subarray(500));
    await first;
    assert.deepEqual(await readAll(store, upload.sha256), content);
  });

  test("forgets partial files that nobody went on with for a day", async (t) => {
    const folder = await freshFolder(t);
    await openStores(folder);
    const dayAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await writeFile(join(folder, "incoming", "1-old"), "old");
    await utimes(join(folder, "incoming", "1-old"), dayAgo, dayAgo);
    await writeFile(join(folder, "incoming", "2-new"), "new");
    await openStores(folder);
    assert.deepEqual(await readdir(join(folder, "incoming")), ["2-new"]);
  });

  test("says which file is missing", async (t) => {
    const { blobs: store } = await openStores(await freshFolder(t));
    const sha256 = Buffer.alloc(32, 0xab);
    await assert.rejects(readAll(store, sha256), fault("missing", { sha256: "ab".repeat(32) }));
  });

  test("removes a file that was stored days ago, keeps one that was stored since, and misses none", async (t) => {
    const folder = await freshFolder(t);
    const { blobs: store } = await openStores(folder);
    const [old, anew] = [await store.put(Buffer.from("old")), await store.put(Buffer.from("anew"))];
    for (const { sha256 } of [old, anew]) {
      const digest = hexOf(sha256);
      const days = new Date(Date.now() - 3 * 86_400_000);
      await utimes(join(folder, digest.slice(0, 2), digest.slice(2, 4), digest), days, days);
    }
    await store.put(Buffer.from("anew"));
    for (const { sha256 } of [old, anew, old]) await store.remove(sha256);
    await assert.rejects(readAll(store, old.sha256), fault("missing"));
    assert.deepEqual(await readAll(store, anew.sha256), Buffer.from("anew"));
    assert.deepEqual(await readdir(join(folder, "incoming")), []);
  });
});
