import type { PipelineSpec } from "./workload.ts";

/** How many replicas there are. */
export const REPLICAS = 3;

/** A connection that may be disturbed: an agent's to the servers, or a replica's to Postgres. */
export type Link = { of: "agent"; index: number } | { of: "replica"; index: number };

/** A workflow of a pipeline of the same schedule, both by their place. */
export interface WorkflowChoice {
  pipeline: number;
  workflow: number;
}

/** Something that is done to the house. Durations in milliseconds. */
export type Action =
  | { kind: "submit"; number: number; pipeline: PipelineSpec }
  | { kind: "cancel_pipeline"; pipeline: number }
  | ({ kind: "cancel_workflow" } & WorkflowChoice)
  | ({ kind: "retry" } & WorkflowChoice)
  | ({ kind: "explain" } & WorkflowChoice)
  | { kind: "pause_queue"; forMs: number }
  | { kind: "pause_agent"; agent: number; forMs: number }
  | { kind: "rest_agent"; agent: number; forMs: number }
  | { kind: "kill_agent"; agent: number; forMs: number }
  | { kind: "freeze_agent"; agent: number; forMs: number }
  | { kind: "drain_agent"; agent: number }
  | { kind: "jump_clock"; agent: number; byMs: number }
  | { kind: "kill_replica"; replica: number; forMs: number }
  | { kind: "freeze_replica"; replica: number; forMs: number }
  | { kind: "restart_replica"; replica: number }
  | { kind: "kill_all_replicas"; forMs: number }
  | { kind: "kill_postgres"; forMs: number }
  | { kind: "freeze_postgres"; forMs: number }
  | { kind: "cut"; link: Link }
  | { kind: "refuse"; link: Link; forMs: number }
  | { kind: "slow"; link: Link; byMs: number; forMs: number }
  | { kind: "half_open"; link: Link; directions: readonly ("questions" | "answers")[]; forMs: number }
  | { kind: "lose_answers"; agents: readonly number[] }
  | { kind: "haunt"; pipeline: number }
  | { kind: "hold_snapshot"; forMs: number };

/** An action in words, for people who look at a seed. */
export function describeAction(action: Action): string {
  const { kind, ...rest } = action;
  if (action.kind === "submit") {
    const names = action.pipeline.workflows.map(({ name, dependsOn, labels }) => {
      const parents = dependsOn.map(({ workflow, on }) => ` after ${on} of ${workflow}`).join("");
      return `${name}${parents}${Object.keys(labels).length > 0 ? ` on ${Object.values(labels).join()}` : ""}`;
    });
    return `submit ${action.number}: ${names.join("; ")}`;
  }
  return `${kind} ${JSON.stringify(rest)}`;
}
