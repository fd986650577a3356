import type { Facts, LogFact } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** What is read is what was printed. */
export const logsAreWhole: Invariant<Facts> = {
  name: "logs-are-whole",
  promise: 6,
  description: "A log reads back each printed line once and in order; all of them once its workflow was reported done.",
  check: (facts) => {
    const done = endsByAgent(facts);
    return facts.logs.flatMap((log) => {
      const plan = facts.plans.get(log.workflow)?.steps.find(({ name }) => name === log.step);
      if (!plan) return [];
      const what = `${log.step} of workflow ${log.workflow}, epoch ${log.epoch}`;
      const wrong = log.lines.findIndex((line, index) => line !== `line ${index + 1} of ${plan.lines}`);
      if (wrong !== -1) return [`${what}: where line ${wrong + 1} belongs stands ${JSON.stringify(log.lines[wrong])}`];
      const isOver = done.has(`${log.workflow}/${log.epoch}`) && ranToItsEnd(facts, log);
      if (!isOver || log.lines.length === plan.lines) return [];
      return [`${what} was reported done with ${log.lines.length} of ${plan.lines} lines`];
    });
  },
};

/** Leases that their own agent ended: it had to have sent all lines. */
function endsByAgent({ events, leases }: Facts): ReadonlySet<string> {
  const holders = new Map(leases.map(({ epoch, agent }) => [epoch, agent]));
  const reported = events.filter(
    ({ from, epoch, actor, reason }) =>
      from === "running" && actor === holders.get(epoch) && reason !== "agent_restarted" && reason !== "agent_lost",
  );
  return new Set(reported.map(({ workflow, epoch }) => `${workflow}/${epoch}`));
}

function ranToItsEnd({ outputs }: Facts, { workflow, epoch, step }: LogFact): boolean {
  return outputs.some(
    (output) => output.kind === "end" && output.workflow === workflow && output.epoch === epoch && output.step === step,
  );
}
