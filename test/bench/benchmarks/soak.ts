import { delay } from "@groundcrew/rpc";
import type { Owner } from "@groundcrew/testkit/processes";
import type postgres from "postgres";
import type { Bench, Benchmark } from "../benchmark.ts";
import { connectTo } from "../measure/cluster.ts";
import { checkDelivery } from "../measure/delivery.ts";
import { startFullLoad } from "../measure/full-load.ts";
import { startOurServer } from "../measure/our-server.ts";
import { residentMb } from "../measure/proc.ts";
import { measurePerS } from "../measure/rate.ts";
import { quantile, type Reading } from "../metric.ts";

const MINUTES = 60;
const MINUTE_MS = 60_000;

/** What is compared with the end: the first minutes, after those in which code, plans and memory settle. */
const SETTLED = { from: 5, to: 15 };

/**
 * An hour at half of what the server can do: how its memory, its dispatch latency by the database's clock, and the dead
 * rows of its tables at the end compare with the beginning.
 */
export const soak: Benchmark = { name: "soak", contenders: [anHour], repetitions: 1, slow: true };

/** What each minute looks like. */
interface Minute {
  rssMb: number;
  latencyMs: number;
  deadPercent: number;
}

async function anHour(owner: Owner, bench: Bench): Promise<Reading[]> {
  const server = await startOurServer(owner, bench);
  const full = await fullRate(owner, bench);
  const load = await startFullLoad(owner, [server], { ratePerS: full / 2 });
  const sql = connectTo(owner, server.databaseUrl);
  const minutes: Minute[] = [];
  for (let minute = 1; minute <= MINUTES; minute++) {
    await delay(MINUTE_MS);
    const seen = { rssMb: await residentMb(server.server.process.pid), ...(await lookAt(sql)) };
    console.log(`bench: soak, minute ${minute}: ${JSON.stringify(seen)}`);
    minutes.push(seen);
  }
  await checkDelivery(owner, server.databaseUrl, await load.call("finish"));
  return readingsOf(full / 2, minutes.slice(SETTLED.from, SETTLED.to), minutes.slice(-10));
}

/** What a server of its own completes per second, at most. */
async function fullRate(owner: Owner, bench: Bench): Promise<number> {
  const server = await startOurServer(owner, bench);
  const load = await startFullLoad(owner, [server]);
  const perS = await measurePerS(load, 10_000);
  await load.call("finish");
  await load.stop();
  await server.server.stop();
  return perS;
}

async function lookAt(sql: postgres.Sql): Promise<Omit<Minute, "rssMb">> {
  // Of the last thousand: a look that does not read the table.
  const [latency] = await sql<{ ms: number }[]>`
    select percentile_cont(0.99) within group (order by extract(epoch from leased_at - queued_at))::float8 * 1000 as ms
    from (select leased_at, queued_at from workflows where leased_at is not null order by id desc limit 1000) newest`;
  const [dead] = await sql<{ percent: number }[]>`
    select max(100 * n_dead_tup / greatest(1, n_live_tup + n_dead_tup))::float8 as percent
    from pg_stat_user_tables where n_live_tup > 10000`;
  return { latencyMs: latency?.ms ?? Number.NaN, deadPercent: dead?.percent ?? Number.NaN };
}

function readingsOf(ratePerS: number, early: readonly Minute[], late: readonly Minute[]): Reading[] {
  const median = (minutes: readonly Minute[], what: keyof Minute): number =>
    quantile(
      minutes.map((minute) => minute[what]).toSorted((a, b) => a - b),
      0.5,
    );
  const reading = (name: string, value: number, unit: string): Reading => {
    return { name: `soak.${name}`, system: "groundcrew", value, unit };
  };
  return [
    reading("rate_per_s", ratePerS, "1/s"),
    reading("rss_growth_mb", median(late, "rssMb") - median(early, "rssMb"), "MB"),
    reading("latency_times", median(late, "latencyMs") / median(early, "latencyMs"), "times"),
    reading("dead_percent", median(late, "deadPercent"), "%"),
  ];
}
