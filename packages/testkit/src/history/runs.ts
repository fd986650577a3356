import { nameOf, type EventFact, type Facts, type OutputFact, type WorkflowFact } from "./facts.ts";
import type { Invariant } from "./invariant.ts";
import { isRetry } from "./retries.ts";

/** A lease runs each step once at most. */
export const stepsRunOnce: Invariant<Facts> = {
  name: "steps-run-once",
  promise: 2,
  description: "Under one epoch each step starts once at most, on the agent that was given the epoch.",
  check: ({ outputs, leases }) => {
    const holders = new Map(leases.map(({ epoch, agent }) => [epoch, agent]));
    const starts = outputs.filter(({ kind }) => kind === "start");
    const byRun = Map.groupBy(
      starts,
      ({ workflow, epoch, step }) => `${step} of workflow ${workflow}, epoch ${epoch},`,
    );
    return [
      ...[...byRun].filter(([, all]) => all.length > 1).map(([run, all]) => `${run} started ${all.length} times`),
      ...starts
        .filter(({ epoch, agent }) => holders.get(epoch) !== agent)
        .map(({ workflow, epoch, agent }) => `${agent} ran workflow ${workflow} under epoch ${epoch}, not its own`),
    ];
  },
};

/** What must never run twice does not. */
export const failRunsOnce: Invariant<Facts> = {
  name: "fail-runs-once",
  promise: 4,
  description: "A workflow whose on_agent_lost is fail starts under one epoch at most, unless it is to be retried.",
  check: ({ workflows, outputs, events }) =>
    workflows.flatMap((workflow) => {
      if (workflow.onAgentLost !== "fail") return [];
      const retried = events.filter((event) => event.workflow === workflow.id && isRetry(event)).length;
      const epochs = new Set(outputs.filter((output) => output.workflow === workflow.id).map(({ epoch }) => epoch));
      if (epochs.size <= 1 + retried) return [];
      return [`${nameOf(workflow)} must never run twice and ran under epochs ${[...epochs].join(", ")}`];
    }),
};

/** A lost try may overlap its successor; any other has ended first. */
export const triesDoNotOverlap: Invariant<Facts> = {
  name: "tries-do-not-overlap",
  promise: 3,
  description: "A try runs on beside its successor only if its agent was lost, never after a hand-back or a restart.",
  check: ({ workflows, outputs, events }) => {
    const byWorkflow = Map.groupBy(outputs, ({ workflow }) => workflow);
    return workflows.flatMap((workflow) => overlaps(workflow, byWorkflow.get(workflow.id) ?? [], events));
  },
};

/** An end tells what happened. */
export const endsAreTrue: Invariant<Facts> = {
  name: "ends-are-true",
  promise: 2,
  description: "A workflow that succeeded or failed has run its steps to that end under its last epoch.",
  check: ({ workflows, outputs, plans }) => {
    const byEpoch = Map.groupBy(outputs, ({ workflow, epoch }) => `${workflow}/${epoch}`);
    return workflows.flatMap((workflow) => {
      const steps = plans.get(workflow.id)?.steps ?? [];
      const ran = byEpoch.get(`${workflow.id}/${workflow.epoch}`) ?? [];
      const ended = ran.filter(({ kind }) => kind === "end").map(({ step }) => step);
      const failing = steps.findIndex(({ exitCode }) => exitCode !== 0);
      const upTo = workflow.state === "failed" && workflow.endReason === "step_failed" ? failing + 1 : steps.length;
      if (workflow.state !== "succeeded" && workflow.endReason !== "step_failed") return [];
      if (workflow.state === "succeeded" && failing !== -1) return [`${nameOf(workflow)} succeeded, but a step fails`];
      if (upTo === 0 && steps.length > 0) return [`${nameOf(workflow)} failed, though none of its steps does`];
      const wanted = steps.slice(0, upTo).map(({ name }) => name);
      if (wanted.join() === ended.join()) return [];
      return [
        `${nameOf(workflow)} ended ${workflow.state}, but of ${wanted.join()} it ran ${ended.join() || "nothing"}`,
      ];
    });
  },
};

const LOST_CONTACT: ReadonlySet<string> = new Set(["agent_lost", "grant_lost", "agent_reset"]);

function overlaps(workflow: WorkflowFact, outputs: readonly OutputFact[], events: readonly EventFact[]): string[] {
  const byEpoch = [...Map.groupBy(outputs, ({ epoch }) => epoch)].toSorted(([a], [b]) => Number(BigInt(a) - BigInt(b)));
  return byEpoch.slice(1).flatMap(([epoch, later], index) => {
    const [before, earlier] = byEpoch[index] ?? ["", []];
    const first = Math.min(...later.map(({ atMs }) => atMs));
    const last = Math.max(...earlier.map(({ atMs }) => atMs));
    const end = events.find((event) => event.workflow === workflow.id && event.epoch === before && isEndOfLease(event));
    if (last <= first || LOST_CONTACT.has(end?.reason ?? "")) return [];
    const late = Math.round(last - first);
    return [`${nameOf(workflow)}: epoch ${before} (${end?.reason}) ran on for ${late} ms beside epoch ${epoch}`];
  });
}

function isEndOfLease({ from, to }: EventFact): boolean {
  return (from === "leased" && to !== "running") || from === "running";
}
