import type { Owner } from "@groundcrew/testkit/processes";
import type { Bench, Benchmark } from "../benchmark.ts";
import { connectTo } from "../measure/cluster.ts";
import { copyWorkflow, settle } from "../measure/fill.ts";
import { enrol, startLoad } from "../measure/fleet.ts";
import { startOurServer, type OurServer } from "../measure/our-server.ts";
import { pipelineOf } from "../load/submitter.ts";
import { quantile, type Reading } from "../metric.ts";

/** Polls that bring work, at each depth. */
const SAMPLES = 300;

/** Polls before, so that code and plans are warm. */
const WARM_UP = 50;

/**
 * How long a poll takes for which there is work, by one agent of one slot: in a queue of a few hundred, and in one of
 * 1,000,000 that the agent cannot take and 1,000,000 that it can.
 */
export const depth: Benchmark = { name: "depth", contenders: [shallowThenDeep] };

async function shallowThenDeep(owner: Owner, bench: Bench): Promise<Reading[]> {
  const ours = await startOurServer(owner, bench);
  const load = startLoad(owner);
  await submit(ours, pipelineOf(WARM_UP + SAMPLES));
  await enrol(load, [ours], { count: 1, slots: 1 });
  const shallow = load.call("pollLatency", { count: WARM_UP + SAMPLES });
  await load.call("work", {});
  const empty = summary(await shallow);
  await load.call("until", { what: "ended", count: WARM_UP + SAMPLES });

  await load.call("hold");
  await fill(owner, ours, bench.quick ? 50_000 : 1_000_000);
  const deeper = load.call("pollLatency", { count: WARM_UP + SAMPLES });
  await load.call("release");
  const deep = summary(await deeper);
  const { twice } = await load.call("count");
  if (twice > 0) throw new Error(`${twice} workflows were granted or ended more than once`);
  const reading = (name: string, value: number, unit: string): Reading => {
    return { name: `depth.${name}`, system: "groundcrew", value, unit };
  };
  return [
    reading("empty_ms.p50", empty.p50, "ms"),
    reading("empty_ms.p99", empty.p99, "ms"),
    reading("deep_ms.p50", deep.p50, "ms"),
    reading("deep_ms.p99", deep.p99, "ms"),
    reading("times_empty", deep.p50 / empty.p50, "times"),
  ];
}

/** Queues as many that no agent can take, and as many that it can, which come last. */
async function fill(owner: Owner, ours: OurServer, each: number): Promise<void> {
  const sql = connectTo(owner, ours.databaseUrl);
  await copyWorkflow(sql, await submit(ours, pipelineOf(1, "accelerator: none-has-it")), each);
  await copyWorkflow(sql, await submit(ours, pipelineOf(1)), each);
  await settle(sql);
}

async function submit({ server }: OurServer, content: string): Promise<string> {
  const { pipeline } = await server.operator.submitPipeline({ file: { path: "bench.yaml", content } });
  const [workflow] = pipeline?.workflows ?? [];
  if (!workflow) throw new Error("the server answered no workflow");
  return workflow.id;
}

function summary(latencies: readonly number[]): { p50: number; p99: number } {
  const sorted = latencies.slice(WARM_UP).toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}
