// Run once for all test files: `node --test --test-global-setup=test/global-setup.ts`.
import { runServer, useCluster, usePrograms } from "@groundcrew/testkit";
import { testPrograms } from "./test-programs.ts";

let stop: (() => Promise<void>) | undefined;

/** Bundles the programs, and starts the suite's Postgres with a migrated database for the tests to clone. */
export async function globalSetup(): Promise<void> {
  usePrograms(await testPrograms());
  stop = await useCluster({ prepare: migrate });
}

/** Stops it. */
export async function globalTeardown(): Promise<void> {
  await stop?.();
}

async function migrate(databaseUrl: string): Promise<void> {
  const { exitCode, stderr } = await runServer(["migrate"], { DATABASE_URL: databaseUrl });
  if (exitCode !== 0) throw new Error(`cannot migrate the tests' database: ${stderr}`);
}
