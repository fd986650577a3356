import { round } from "./benchmark.ts";
import type { Metric, System } from "./metric.ts";

/** What a figure of ours must come to. */
interface Goal {
  /** Undefined when what it needs was not measured. */
  judge(metrics: readonly Metric[]): Judgement | undefined;
}

/** A row of the table. */
interface Judgement {
  name: string;
  value: number;
  goal: string;
  met: boolean;
}

/** Every goal. */
export const GOALS: readonly Goal[] = [
  atMost("server_ready_ms", 3_000),
  atMost("agent_idle_rss_mb", 100),
  atMost("pipeline_200", 20),
  atMost("cancel_ms.p99", 300),
  atMost("log_pipe.flood_peak_mb", 250),
  atLeastTimes("log_pipe_per_s", 0.01, "log_pipe_per_s", "limit"),
  atLeast("log_ingest_per_s", 100_000),
  atLeastTimes("log_ingest_per_s", 0.5, "log_ingest_per_s", "limit"),
  atMost("log_ingest.tail_p99_ms", 300),
  atLeast("log_ingest.tailed_part", 0.95),
  atLeastTimes("lifecycle_per_s", 0.6, "lifecycle_per_s", "limit"),
  atLeastTimes("lifecycle_per_s", 3, "lifecycle_per_s", "graphile-worker"),
  atLeastTimes("lifecycle_per_s.calls", 0.5, "lifecycle_per_s.calls", "limit"),
  atLeast("lifecycle_per_s", 3_000),
  atMost("dispatch_ms.p50", 3),
  atMost("dispatch_ms.p99", 15),
  atMost("idle_agents.rss_mb", 600),
  atMost("idle_agents.statements_per_s", 50),
  atMost("idle_agents.health_statements_per_s", 5),
  atMost("herd.polling_again_s", 15),
  atMost("herd.woken", 1),
  atMost("depth.times_empty", 2),
  atLeast("bloat.held_part", 0.7),
  atMost("bloat.recovery_s", 60),
  atMost("lease_storm.cpu_percent", 5),
  atMost("fairness.wait_percent", 5),
  atLeast("replicas.three_per_one", 1),
  atMost("replicas.loss_gap_s", 2),
];

/** A figure of ours that must not be larger. */
function atMost(name: string, limit: number): Goal {
  return judging(name, (value) => ({ goal: `at most ${limit}`, met: value <= limit }));
}

/** A figure of ours that must not be smaller. */
function atLeast(name: string, limit: number): Goal {
  return judging(name, (value) => ({ goal: `at least ${limit}`, met: value >= limit }));
}

/** A figure of ours that must be at least so many times another's. */
function atLeastTimes(name: string, times: number, other: string, system: System): Goal {
  return judging(name, (value, metrics) => {
    const limit = find(metrics, other, system)?.value;
    if (limit === undefined) return undefined;
    const goal = `at least ${times} times the ${round(limit)} of ${system}: it is ${round(value / limit)} times`;
    return { goal, met: value >= times * limit };
  });
}

function judging(
  name: string,
  verdict: (value: number, metrics: readonly Metric[]) => { goal: string; met: boolean } | undefined,
): Goal {
  return {
    judge(metrics) {
      const value = find(metrics, name, "groundcrew")?.value;
      const judged = value === undefined ? undefined : verdict(value, metrics);
      return judged && value !== undefined ? { name, value: round(value), ...judged } : undefined;
    },
  };
}

function find(metrics: readonly Metric[], name: string, system: System): Metric | undefined {
  return metrics.find((metric) => metric.name === name && metric.system === system);
}
