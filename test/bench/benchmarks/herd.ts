import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import { checkDelivery } from "../measure/delivery.ts";
import { enrol, HEALTH_MS, startLoad } from "../measure/fleet.ts";
import { startOurServer } from "../measure/our-server.ts";
import type { Reading } from "../metric.ts";

/** Workflows that run through the restart. */
const RUNNING = 100;

/** How often their agents renew their leases, in milliseconds. */
const RENEW_MS = 2_000;

/** How long to look for agents that were woken for nothing, in milliseconds. */
const LOOK_MS = 2_000;

/**
 * The server is killed and started again under 10,000 agents: how long until it has a poll of every one of them, while
 * no lease is lost and no report refused. And how many of them one new workflow wakes.
 */
export const herd: Benchmark = { name: "herd", contenders: [restart] };

async function restart(owner: Owner, bench: Bench): Promise<Reading[]> {
  const ours = await startOurServer(owner, bench);
  const { server, host } = ours;
  const load = startLoad(owner);
  await enrol(load, [ours], { count: bench.quick ? 1_000 : 10_000, slots: 1 });
  await load.call("hold");
  await load.call("work", { healthMs: HEALTH_MS, renewMs: RENEW_MS });
  await load.call("submit", { hosts: [host], token: server.adminToken, perSubmit: RUNNING, backlog: RUNNING });
  await load.call("until", { what: "granted", count: RUNNING });
  await load.call("stopSubmitting");
  await load.call("untilPolling");

  const started = performance.now();
  await server.restart();
  await load.call("untilPolling");
  const againS = (performance.now() - started) / 1_000;
  await load.call("release");
  await load.call("until", { what: "ended", count: RUNNING });
  await load.call("untilPolling");

  const before = await load.call("count");
  await load.call("probe", { host, token: server.adminToken, samples: 1, gapMs: LOOK_MS });
  const after = await load.call("count");
  await checkDelivery(owner, ours.databaseUrl, { submitted: RUNNING + 1, ended: after.ended, twice: after.twice });
  return [
    { name: "herd.polling_again_s", system: "groundcrew", value: againS, unit: "s" },
    { name: "herd.woken", system: "groundcrew", value: after.answers - before.answers, unit: "agents" },
  ];
}
