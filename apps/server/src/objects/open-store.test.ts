import { temporaryFolder } from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startS3 } from "../testing/s3.ts";
import { openObjectStore, parseObjectPlace } from "./open-store.ts";

suite("an object store's address", () => {
  test("names a bucket, and what else differs from Amazon's defaults", () => {
    assert.deepEqual(parseObjectPlace("folder"), { kind: "folder" });
    const amazon = { kind: "s3", bucket: "ci-logs", prefix: "", region: "us-east-1" };
    assert.deepEqual(parseObjectPlace("s3://ci-logs"), { ...amazon, endpoint: "https://s3.us-east-1.amazonaws.com" });
    assert.deepEqual(parseObjectPlace("s3://ci-logs/a/b/?region=auto&endpoint=http://minio:9000/"), {
      ...amazon,
      prefix: "a/b/",
      region: "auto",
      endpoint: "http://minio:9000",
    });
  });

  for (const [given, wrong] of [
    ["/var/objects", /expected folder, or s3:/],
    ["https://bucket", /expected folder, or s3:/],
    ["s3://id:key@bucket", /AWS_ACCESS_KEY_ID/],
    ["s3://B_", /"B_" is not the name of a bucket|"b_" is not the name of a bucket/],
    ["s3://bucket?zone=1", /zone is not a parameter/],
    ["s3://bucket?endpoint=ftp://x", /the endpoint "ftp:\/\/x" is not/],
    ["s3://bucket/a%20b", /the prefix has "a%20b"/],
  ] as const) {
    test(`refuses ${given}`, () => assert.throws(() => parseObjectPlace(given), wrong));
  }

  test("leads to the bucket, under its prefix, with the operator's keys", async (t) => {
    const { endpoint, accessKeyId, secretAccessKey } = await startS3(t);
    const { origin } = new URL(endpoint);
    const folder = await temporaryFolder(t);
    const place = parseObjectPlace(`s3://ci-logs/a?endpoint=${origin}`);
    const store = await openObjectStore(place, { folder, accessKeyId, secretAccessKey });
    await store.put("k", ReadableStream.from([Buffer.from("x")]));
    const outer = await openObjectStore(parseObjectPlace(`s3://ci-logs?endpoint=${origin}`), {
      folder,
      accessKeyId,
      secretAccessKey,
    });
    assert.equal(Buffer.concat(await Array.fromAsync(outer.read("a/k"))).toString(), "x");
    await assert.rejects(openObjectStore(place, { folder, accessKeyId, secretAccessKey: undefined }), /needs AWS_/);
  });
});
