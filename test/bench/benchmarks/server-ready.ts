import { launchServer, type Owner } from "@groundcrew/testkit/processes";
import type { Benchmark } from "../benchmark.ts";
import type { Reading } from "../metric.ts";

/** From the start of the process to an answering server, with the embedded Postgres and an existing data directory. */
export const serverReady: Benchmark = { name: "server_ready_ms", contenders: [startAgain] };

async function startAgain(owner: Owner): Promise<Reading[]> {
  const server = await launchServer(owner);
  await server.stop();
  const started = performance.now();
  await server.start();
  return [{ name: "server_ready_ms", system: "groundcrew", value: performance.now() - started, unit: "ms" }];
}
