import { temporaryFolder } from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { pino } from "pino";
import { testContext } from "../testing/context.ts";
import { openStores } from "../testing/stores.ts";
import { warnOfMissingFiles } from "./check-folder.ts";

suite("a server that starts", () => {
  test("says nothing while its object store has the newest stored file, or there is none", async (t) => {
    const { context, warnings } = await warned(t);
    await warnOfMissingFiles(context);
    await store(context);
    await warnOfMissingFiles(context);
    assert.deepEqual(warnings, []);
  });

  test("says that its object store is not the one that the other replicas store in", async (t) => {
    const { context, warnings } = await warned(t);
    await store({ ...context, ...(await openStores(await temporaryFolder(t, "other"))) });
    await warnOfMissingFiles(context);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /all replicas of a database must share it/);
  });
});

async function warned(t: TestContext) {
  const warnings: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => void warnings.push(line) });
  return { context: { ...(await testContext(t)), log }, warnings };
}

async function store({ db, blobs }: Awaited<ReturnType<typeof testContext>>): Promise<void> {
  const { size, sha256 } = await blobs.put(Buffer.from("evidence"));
  const file = { name: "f", content_type: "text/plain", size: String(size), sha256 };
  await db
    .insertInto("blobs")
    .values({ workflow_id: "1", step_run_id: null, ...file })
    .execute();
}
