import { launchServer, scoped } from "@groundcrew/testkit/processes";
import type { Measurement } from "./metric.ts";

/** From the start of the process to an answering server, with the embedded Postgres and an existing data directory. */
export async function serverReady(repetitions: number): Promise<Measurement> {
  const values = await scoped(async (owner) => {
    const server = await launchServer(owner);
    const milliseconds: number[] = [];
    for (let i = 0; i < repetitions; i++) {
      await server.stop();
      const started = performance.now();
      await server.start();
      milliseconds.push(performance.now() - started);
    }
    return milliseconds;
  });
  return { name: "server_ready_ms", unit: "ms", goal: 3_000, values };
}
