import type { TestContext } from "node:test";
import { atEnd, type Owner } from "./at-end.ts";
import { freshDatabase } from "./database.ts";
import { checkHistory } from "./check-history.ts";
import { launchServer, type LaunchOptions, type TestServer } from "./server.ts";

/** Shorter intervals than usual; but leases last as long as ever, however busy the machine is. Later flags win. */
const QUICK = ["--health-interval", "500ms", "--poll-hold", "2s", "--log-interval", "50ms"];

/**
 * Starts a real server for a test, on a migrated database of its own and with short intervals. When the test has ended
 * and the server with it, the history it left is checked; see {@link checkHistory}.
 */
export async function startServer(
  t: TestContext,
  options: Omit<LaunchOptions, "databaseUrl"> = {},
): Promise<TestServer> {
  const owner: Owner = t;
  let databaseUrl: string | undefined;
  // Left first, so done last: after the server's end.
  atEnd(owner, async () => {
    if (databaseUrl !== undefined) await checkHistory(databaseUrl);
  });
  // The server brings an empty database up to date by itself.
  databaseUrl = await freshDatabase({ prepare: () => Promise.resolve() });
  return launchServer(owner, { ...options, databaseUrl, flags: [...QUICK, ...(options.flags ?? [])] });
}

/** Starts another server on the database and the state directory of the first. Its flags are its own. */
export function startReplica(
  owner: Owner,
  { databaseUrl, adminToken, stateDir }: TestServer,
  options: Pick<LaunchOptions, "flags"> = {},
): Promise<TestServer> {
  const flags = [...QUICK, ...(options.flags ?? [])];
  return launchServer(owner, { databaseUrl, adminToken, stateDir, flags });
}
