import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import { checkDelivery } from "../measure/delivery.ts";
import { enrol, startLoad } from "../measure/fleet.ts";
import { AGENTS, SLOTS } from "../measure/full-load.ts";
import { startOurServer } from "../measure/our-server.ts";
import { measureWaits } from "../measure/wait.ts";
import type { Reading } from "../metric.ts";

/** Of another owner than the backlog's. */
const LONE = "git.example.org/other/one";

/**
 * One owner has 10,000 workflows queued when another submits one: how long that one waits, in percent of the time that
 * the backlog takes.
 */
export const fairness: Benchmark = { name: "fairness", contenders: [loneSubmitter] };

async function loneSubmitter(owner: Owner, bench: Bench): Promise<Reading[]> {
  const backlog = bench.quick ? 2_000 : 10_000;
  const ours = await startOurServer(owner, bench);
  const { host, server } = ours;
  const load = startLoad(owner);
  await enrol(load, [ours], { count: AGENTS, slots: SLOTS });
  await load.call("submit", { hosts: [host], token: server.adminToken, perSubmit: 500, backlog });
  await load.call("untilSubmitted", { count: backlog });
  await load.call("stopSubmitting");
  const started = performance.now();
  await load.call("work", {});
  const ended = load.call("until", { what: "ended", count: backlog + 1 }).then(() => performance.now() - started);
  await load.call("until", { what: "ended", count: backlog / 10 });
  const [waitedMs = Number.NaN] = await measureWaits(owner, load, ours, { samples: 1, gapMs: 0, repository: LONE });
  const backlogMs = await ended;
  const { twice } = await load.call("count");
  await checkDelivery(owner, ours.databaseUrl, { submitted: backlog + 1, ended: backlog + 1, twice });
  return [
    { name: "fairness.wait_percent", system: "groundcrew", value: (waitedMs / backlogMs) * 100, unit: "%" },
    { name: "fairness.backlog_s", system: "groundcrew", value: backlogMs / 1_000, unit: "s" },
  ];
}
