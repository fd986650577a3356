import { freshDatabase } from "@groundcrew/testkit";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { openBlobStore } from "../blobs/store.ts";
import type { Intervals, ServerContext } from "../context.ts";
import { connect } from "../db/connection.ts";
import { Hints } from "../db/hints.ts";
import { migrate } from "../db/migrate.ts";

/** A server's context on a database and a blob folder of its own, all gone after the test. */
export async function testContext(t: TestContext, intervals: Partial<Intervals> = {}): Promise<ServerContext> {
  // Hooks run in the order they are registered: this one closes the connections before the database is dropped.
  const closing: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const close of closing) await close();
  });
  const { db, driver, close } = connect(await freshDatabase(t, { prepare }), 5);
  const hints = new Hints(driver);
  await hints.start();
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-blobs-"));
  const stopping = new AbortController();
  closing.push(
    () => Promise.resolve(stopping.abort()),
    () => hints.stop(),
    () => close(),
    () => rm(folder, { recursive: true, force: true }),
  );
  return {
    db,
    hints,
    blobs: await openBlobStore(folder),
    log: pino({ level: "silent" }),
    intervals: { leaseTtlMs: 60_000, healthIntervalMs: 10_000, pollHoldMs: 50_000, logIntervalMs: 200, ...intervals },
    stopping: stopping.signal,
    agentUrl: undefined,
    fingerprint: "",
  };
}

async function prepare(url: string): Promise<void> {
  const { db, close } = connect(url, 1);
  await migrate(db);
  await close();
}
