import { delay } from "@groundcrew/rpc";
import type { Load } from "./fleet.ts";
import { cpuMs, treeCpuMs } from "./proc.ts";

/** What was completed in a while, and what it cost. */
export interface Rate {
  perS: number;
  /** CPU time per completed workflow, in milliseconds. */
  serverCpuMs: number;
  postgresCpuMs: number;
  loadCpuMs: number;
}

/** Whose CPU time to read. */
export interface Processes {
  servers: readonly number[];
  postgres: number;
}

/** Measures for so long what a fleet completes. */
export async function measureRate(load: Load, { servers, postgres }: Processes, lengthMs: number): Promise<Rate> {
  const look = async () => ({
    ...(await load.call("count")),
    serverMs: (await Promise.all(servers.map((pid) => cpuMs(pid)))).reduce((sum, ms) => sum + ms, 0),
    postgresMs: await treeCpuMs(postgres),
  });
  const before = await look();
  await delay(lengthMs);
  const after = await look();
  const ended = after.ended - before.ended;
  return {
    perS: ended / ((after.atMs - before.atMs) / 1_000),
    serverCpuMs: (after.serverMs - before.serverMs) / ended,
    postgresCpuMs: (after.postgresMs - before.postgresMs) / ended,
    loadCpuMs: (after.cpuMs - before.cpuMs) / ended,
  };
}

/** The same, for the rate alone. */
export async function measurePerS(load: Load, lengthMs: number): Promise<number> {
  const before = await load.call("count");
  await delay(lengthMs);
  const after = await load.call("count");
  return (after.ended - before.ended) / ((after.atMs - before.atMs) / 1_000);
}
