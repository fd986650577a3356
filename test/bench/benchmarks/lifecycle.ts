import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import type { LaneKind } from "../load/lane.ts";
import { checkDelivery } from "../measure/delivery.ts";
import { startLoad } from "../measure/fleet.ts";
import { AGENTS, BACKLOG, PER_SUBMIT, SLOTS, startFullLoad, warmUp } from "../measure/full-load.ts";
import { startOurServer } from "../measure/our-server.ts";
import { measureRate, type Rate } from "../measure/rate.ts";
import type { Reading, System } from "../metric.ts";
import type { LimitCommands } from "../workers/limit-server.ts";
import { startWorker } from "../worker.ts";
import { bareSql, peers } from "./peers.ts";

/**
 * Workflows per second through submit, Next, Init, Update and Done, each durable before it is acknowledged, over gRPC
 * to one server, by 50 agents of 8 slots; 50 workflows a submit. `.calls`: on calls, Done carrying the next poll.
 */
export const lifecycle: Benchmark = {
  name: "lifecycle_per_s",
  contenders: [
    (owner, bench) => ours(owner, bench, "session"),
    (owner, bench) => limit(owner, bench, "session"),
    (owner, bench) => ours(owner, bench, "calls"),
    (owner, bench) => limit(owner, bench, "calls"),
    ...peers,
    ...bareSql,
  ],
};

async function ours(owner: Owner, bench: Bench, lane: LaneKind): Promise<Reading[]> {
  const server = await startOurServer(owner, bench);
  const load = await startFullLoad(owner, [server], { lane });
  const processes = { servers: [server.server.process.pid], postgres: bench.cluster.pid };
  const rate = await measureRate(load, processes, lengthMs(bench));
  await checkDelivery(owner, server.databaseUrl, await load.call("finish"));
  await server.server.stop();
  return readingsOf("groundcrew", lane, rate);
}

/** On the session, coalesced statements without policies and events; on the calls, the same calls without SQL. */
async function limit(owner: Owner, bench: Bench, lane: LaneKind): Promise<Reading[]> {
  const url = lane === "session" ? await bench.cluster.database(owner) : undefined;
  const server = startWorker<LimitCommands>(owner, "limit-server");
  const hosts = [`127.0.0.1:${await server.call("serve", { url })}`];
  const load = startLoad(owner);
  await load.call("enrol", { hosts, tokens: undefined, count: AGENTS, slots: SLOTS, lane });
  await load.call("work", { carryNext: lane === "calls" });
  await load.call("submit", { hosts, token: "none", perSubmit: PER_SUBMIT, backlog: BACKLOG });
  await warmUp(load);
  const rate = await measureRate(load, { servers: [server.pid], postgres: bench.cluster.pid }, lengthMs(bench));
  const { ended, submitted, twice } = await load.call("finish");
  if (twice > 0 || ended !== submitted) throw new Error(`${ended} of ${submitted} jobs ended, ${twice} more than once`);
  await server.call("check", { jobs: ended });
  return readingsOf("limit", lane, rate);
}

function lengthMs({ quick }: Bench): number {
  return quick ? 3_000 : 8_000;
}

function readingsOf(system: System, lane: LaneKind, rate: Rate): Reading[] {
  const suffix = lane === "session" ? "" : ".calls";
  return [
    { name: `lifecycle_per_s${suffix}`, system, value: rate.perS, unit: "1/s" },
    { name: `lifecycle_cpu_ms.server${suffix}`, system, value: rate.serverCpuMs, unit: "ms" },
    { name: `lifecycle_cpu_ms.postgres${suffix}`, system, value: rate.postgresCpuMs, unit: "ms" },
    { name: `lifecycle_cpu_ms.load${suffix}`, system, value: rate.loadCpuMs, unit: "ms" },
  ];
}
