import type { Facts, WorkflowPlanFact } from "@groundcrew/testkit/processes";
import type { Scenario } from "./scenario.ts";
import type { Database, Entry } from "./state.ts";

/** More than happens to one workflow. */
const LONG_MS = 1_000;

/**
 * What happened in the model, as the fault checker takes it. Its moments are counted, one for each entry of a history.
 * A child's come after all of its parent's: whether it was leased before its parent ended is judged when it is leased.
 */
export function factsOf({ workflows }: Scenario, db: Database): Facts {
  const ids = workflows.map((_, workflow) => idOf(workflow));
  return {
    workflows: workflows.map(({ onAgentLost, parent }, workflow) => ({
      id: idOf(workflow),
      pipelineId: "1",
      name: `workflow ${workflow}`,
      state: db.rows[workflow]?.state ?? "",
      endReason: db.rows[workflow]?.endReason ?? null,
      epoch: String(db.rows[workflow]?.epoch ?? 0),
      attempt: 0,
      onAgentLost,
      timeoutMs: 0,
      cancelRequested: db.rows[workflow]?.cancelRequested ?? false,
      parents: parent === null ? [] : [{ id: idOf(parent.index), condition: parent.condition }],
      group: null,
      groupLimit: null,
      createdMs: 0,
      retryOf: null,
    })),
    ...happened(db),
    leases: db.leases.map(({ epoch, workflow, agent, ended }) => ({
      epoch: String(epoch),
      workflow: idOf(workflow),
      agent: nameOf(agent),
      ended,
    })),
    stepRuns: [],
    ttlMs: 0,
    slackMs: 0,
    accepted: [{ pipeline: "1", workflows: ids }],
    plans: new Map(workflows.map(({ exitCode }, workflow) => [idOf(workflow), planOf(workflow, exitCode)])),
    logs: [],
    disturbances: [],
    cancels: [{ workflows: ids.filter((_, workflow) => db.rows[workflow]?.cancelRequested), askedMs: 0 }],
    pauses: [],
    drains: [],
    restarts: [],
    explained: [],
    deaths: [],
    leftovers: [],
  };
}

function happened({ histories }: Database): Pick<Facts, "events" | "outputs"> {
  const all = histories.flatMap((history, workflow) =>
    history.map((entry, index) => ({ entry, workflow, at: workflow * LONG_MS + index })),
  );
  return {
    events: all.flatMap(({ entry, workflow, at }) =>
      entry.kind === "transition" ? [eventOf(entry, workflow, at)] : [],
    ),
    outputs: all.flatMap(({ entry, workflow, at }) =>
      entry.kind === "transition" ? [] : [outputOf(entry, workflow, at)],
    ),
  };
}

function eventOf(entry: Entry & { kind: "transition" }, workflow: number, atMs: number): Facts["events"][number] {
  const { from, to, reason, epoch, agent } = entry;
  return { workflow: idOf(workflow), from, to, reason, epoch: String(epoch), actor: nameOf(agent), atMs };
}

function outputOf(
  { kind, epoch, agent }: Entry & { kind: "start" | "end" },
  workflow: number,
  atMs: number,
): Facts["outputs"][number] {
  return { kind, workflow: idOf(workflow), epoch: String(epoch), step: "run", agent: nameOf(agent), atMs };
}

function planOf(workflow: number, exitCode: number): WorkflowPlanFact {
  return {
    name: `workflow ${workflow}`,
    delayMs: 0,
    queueTimeoutMs: 0,
    retryMax: 0,
    steps: [{ name: "run", lines: 0, exitCode, takesMs: 0, timeoutMs: 0 }],
  };
}

function idOf(workflow: number): string {
  return String(workflow + 1);
}

function nameOf(agent: number | null): string {
  return agent === null ? "server" : `agent-${agent}`;
}
