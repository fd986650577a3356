import type { DrainFact, Facts } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** An agent that is told to end, ends in order. */
export const drainsAreClean: Invariant<Facts> = {
  name: "drains-are-clean",
  promise: 10,
  description: "After SIGTERM an agent takes nothing more, exits 0 within its deadline, and leaves no lease behind.",
  check: (facts) => facts.drains.flatMap((drain) => brokenDrain(facts, drain)),
};

function brokenDrain(facts: Facts, { agent, fromMs, toMs, exitCode, limitMs }: DrainFact): string[] {
  const broken: string[] = [];
  if (exitCode !== 0) broken.push(`${agent} was told to drain and ended with ${exitCode ?? "a signal"}`);
  if (toMs - fromMs > limitMs + facts.slackMs)
    broken.push(`${agent} took ${Math.round(toMs - fromMs)} ms to drain, ${limitMs} were allowed`);
  if (wasDisturbed(facts, agent, fromMs, toMs)) return broken;
  return [...broken, ...takenMeanwhile(facts, agent, fromMs, toMs), ...leftBehind(facts, agent, fromMs, toMs)];
}

function takenMeanwhile({ events, slackMs }: Facts, agent: string, fromMs: number, toMs: number): string[] {
  return events
    .filter(({ to, actor, atMs }) => to === "leased" && actor === agent && atMs > fromMs + slackMs && atMs < toMs)
    .map(({ workflow }) => `${agent} was given workflow ${workflow} while it drained`);
}

function leftBehind({ events, leases }: Facts, agent: string, fromMs: number, toMs: number): string[] {
  return leases
    .filter((lease) => lease.agent === agent)
    .flatMap(({ workflow, epoch }) => {
      const own = events.filter((event) => event.workflow === workflow && event.epoch === epoch);
      const given = own.find(({ to }) => to === "leased");
      const end = own.find(({ from, to }) => from === "running" || (from === "leased" && to !== "running"));
      if (!given || given.atMs > fromMs || (end && end.atMs <= toMs)) return [];
      return [
        `${agent} had drained and still held workflow ${workflow}, epoch ${epoch} (${end?.reason ?? "not ended"})`,
      ];
    });
}

function wasDisturbed({ disturbances, ttlMs }: Facts, agent: string, fromMs: number, toMs: number): boolean {
  return disturbances.some(
    ({ subject, how, fromMs: since, wellMs: until }) =>
      (subject === agent || subject === "all" || subject === "servers" || subject === "replicas") &&
      how !== "drain" &&
      since <= toMs &&
      until >= fromMs - ttlMs,
  );
}
