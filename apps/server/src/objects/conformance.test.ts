import { temporaryFolder } from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { startS3 } from "../testing/s3.ts";
import { openFolderStore } from "./folder-store.ts";
import { ObjectMissing, type ByteRange, type ObjectStore } from "./object-store.ts";
import { openS3Store } from "./s3-store.ts";

/** Every kind of store, each opened anew on nothing. */
const STORES: Record<string, (t: TestContext) => Promise<ObjectStore>> = {
  "in a folder": async (t) => openFolderStore(join(await temporaryFolder(t), "objects")),
  "in a bucket": async (t) => openS3Store(await startS3(t)),
};

const MIB = 1024 * 1024;

async function* parts(...content: (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const part of content) yield Buffer.from(part);
}

/** A stream that breaks after its parts, as when a disk does. */
async function* broken(...content: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* content;
  throw new Error("the disk broke");
}

async function readAll(store: ObjectStore, key: string, range?: ByteRange): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(store.read(key, range)));
}

async function text(store: ObjectStore, key: string, range?: ByteRange): Promise<string> {
  return (await readAll(store, key, range)).toString();
}

for (const [where, open] of Object.entries(STORES)) {
  suite(`an object store ${where}`, () => {
    test("keeps objects apart, and one that is put again in place of the first", async (t) => {
      const store = await open(t);
      assert.equal(await store.put("logs/1", parts("a", "b")), 2);
      await store.put("logs/1.zst", parts("c"));
      await store.put("logs/1", parts("again"));
      assert.deepEqual([await text(store, "logs/1"), await text(store, "logs/1.zst")], ["again", "c"]);
    });

    test("reads a range, what there is of it, and nothing beyond the end", async (t) => {
      const store = await open(t);
      await store.put("k", parts("0123456789"));
      const ranges: [ByteRange, string][] = [
        [{ offset: 3 }, "3456789"],
        [{ offset: 3, length: 4 }, "3456"],
        [{ length: 2 }, "01"],
        [{ offset: 8, length: 100 }, "89"],
        [{ offset: 3, length: 0 }, ""],
        [{ offset: 10 }, ""],
      ];
      for (const [range, expected] of ranges)
        assert.equal(await text(store, "k", range), expected, JSON.stringify(range));
    });

    test("takes an object of many parts and gives it back in parts of at most 1 MiB", async (t) => {
      const store = await open(t);
      const content = randomBytes(17 * MIB + 5);
      const pieces = [content.subarray(0, 3), content.subarray(3, 10 * MIB), content.subarray(10 * MIB)];
      assert.equal(await store.put("big", parts(...pieces)), content.length);
      const read = await Array.fromAsync(store.read("big"));
      assert.ok(read.every((part) => part.length <= MIB));
      assert.ok(Buffer.concat(read).equals(content));
    });

    test("takes an object of no bytes", async (t) => {
      const store = await open(t);
      assert.equal(await store.put("empty", parts()), 0);
      assert.equal(await text(store, "empty"), "");
    });

    test("takes a file over, which is then gone from its place", async (t) => {
      const store = await open(t);
      const folder = await temporaryFolder(t, "work");
      await writeFile(join(folder, "f"), "content");
      await store.adopt("aa/bb/f", join(folder, "f"));
      assert.equal(await text(store, "aa/bb/f"), "content");
      assert.deepEqual(await readdir(folder), []);
    });

    test("keeps nothing of a put that breaks, and what was there before", async (t) => {
      const store = await open(t);
      await store.put("k", parts("before"));
      await assert.rejects(store.put("k", broken(Buffer.from("half"))), /the disk broke/);
      await assert.rejects(store.put("new", broken(randomBytes(9 * MIB))), /the disk broke/);
      assert.equal(await text(store, "k"), "before");
      await assert.rejects(text(store, "new"), ObjectMissing);
    });

    test("says which object is missing", async (t) => {
      const store = await open(t);
      await assert.rejects(text(store, "logs/7", { offset: 1 }), { name: "ObjectMissing", key: "logs/7" });
    });

    test("removes an object, and one that is not there as well", async (t) => {
      const store = await open(t);
      await store.put("k", parts("x"));
      await store.remove("k");
      await store.remove("k");
      await assert.rejects(text(store, "k"), ObjectMissing);
    });

    test("leaves an object that is younger than asked for", async (t) => {
      const store = await open(t);
      await store.put("k", parts("x"));
      await store.remove("k", { minAgeMs: 60_000 });
      await store.remove("none", { minAgeMs: 60_000 });
      assert.equal(await text(store, "k"), "x");
    });

    test("refuses keys that would lead out of it", async (t) => {
      const store = await open(t);
      for (const key of ["", "../k", "a/../k", "a/..", "/k", "a//b", "a/", ".", "a b", "k".repeat(501)])
        await assert.rejects(store.put(key, parts("x")), /object key/, key);
    });
  });
}

test("a folder store is for its own user only, and leaves no work behind", async (t) => {
  const folder = join(await temporaryFolder(t), "objects");
  const store = await openFolderStore(folder);
  await store.put("a/b", parts("x"));
  await assert.rejects(store.put("c", broken(Buffer.from("half"))));
  const modes = await Promise.all(
    [folder, join(folder, "a"), join(folder, "a/b")].map(async (path) => (await stat(path)).mode & 0o777),
  );
  assert.deepEqual(modes, [0o700, 0o700, 0o600]);
  assert.deepEqual(await readdir(join(folder, ".work")), []);
});

test("a bucket that is not there is told from an object that is not", async (t) => {
  const bucket = await startS3(t);
  const store = openS3Store({ ...bucket, endpoint: `${bucket.endpoint}-of-others` });
  await assert.rejects(store.put("k", parts("x")), /NoSuchBucket/);
  await assert.rejects(readAll(store, "k"), /NoSuchBucket/);
});
