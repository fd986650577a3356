import { temporaryFolder } from "@groundcrew/testkit";
import type { TestContext } from "node:test";
import S3rver from "s3rver";
import type { S3Options } from "../objects/s3-store.ts";

/** The bucket of {@link startS3}. */
const BUCKET = "ci-logs";

/** Starts an S3-compatible store in this process, with an empty bucket. It takes any signature. */
export async function startS3(t: TestContext): Promise<S3Options> {
  const directory = await temporaryFolder(t, "s3");
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: BUCKET, configs: [] }],
  });
  const { port } = await server.run();
  t.after(() => server.close());
  return {
    endpoint: `http://127.0.0.1:${port}/${BUCKET}`,
    region: "us-east-1",
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
    prefix: "groundcrew/",
  };
}
