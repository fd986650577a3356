import { delay } from "@groundcrew/rpc";
import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import { checkDelivery } from "../measure/delivery.ts";
import { startFullLoad } from "../measure/full-load.ts";
import { startOurServer, startReplicaOf, type OurServer } from "../measure/our-server.ts";
import { measurePerS } from "../measure/rate.ts";
import type { Reading } from "../metric.ts";

/** Full load on three replicas against one, and what the loss of one of the three costs its agents. */
export const replicas: Benchmark = { name: "replicas", contenders: [oneThenThree] };

async function oneThenThree(owner: Owner, bench: Bench): Promise<Reading[]> {
  const lengthMs = bench.quick ? 4_000 : 10_000;
  const one = await perSecond(owner, bench, 1, lengthMs);
  const three = await perSecond(owner, bench, 3, lengthMs);
  return [
    { name: "replicas.per_s_one", system: "groundcrew", value: one.perS, unit: "1/s" },
    { name: "replicas.per_s_three", system: "groundcrew", value: three.perS, unit: "1/s" },
    { name: "replicas.three_per_one", system: "groundcrew", value: three.perS / one.perS, unit: "times" },
    { name: "replicas.loss_gap_s", system: "groundcrew", value: three.lossGapS, unit: "s" },
  ];
}

async function perSecond(owner: Owner, bench: Bench, count: number, lengthMs: number) {
  const first = await startOurServer(owner, bench);
  const servers: [OurServer, ...OurServer[]] = [first];
  while (servers.length < count) servers.push(await startReplicaOf(owner, bench, first));
  const load = await startFullLoad(owner, servers);
  const perS = await measurePerS(load, lengthMs);
  const last = servers.at(-1);
  const lossGapS = count > 1 && last ? await lose(load, last) : 0;
  await checkDelivery(owner, first.databaseUrl, await load.call("finish"), { lostGrants: count > 1 });
  for (const { server } of servers) if (server.isRunning) await server.stop();
  return { perS, lossGapS };
}

/** Kills a replica; how long until the last of its agents was granted work elsewhere, in seconds. */
async function lose(load: Awaited<ReturnType<typeof startFullLoad>>, { server, host }: OurServer): Promise<number> {
  await server.kill();
  const started = performance.now();
  await load.call("untilGranted", { host });
  const gapS = (performance.now() - started) / 1_000;
  await delay(1_000);
  return gapS;
}
