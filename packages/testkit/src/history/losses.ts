import {
  nameOf,
  type DisturbanceFact,
  type EventFact,
  type Facts,
  type LeaseFact,
  type WorkflowFact,
} from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** Servers that come and go end nothing. */
export const onlyLostAgentsLose: Invariant<Facts> = {
  name: "only-lost-agents-lose",
  promise: 3,
  description:
    "A lease runs out only if something kept its own agent from renewing it, and no clock but the database's.",
  check: (facts) =>
    lostWhileWell(facts, ({ agent, atMs }) => {
      const kept = keptFrom(facts, agent);
      const sinceMs = atMs - facts.ttlMs - facts.slackMs;
      return kept.some(({ fromMs, wellMs }) => fromMs <= atMs && wellMs >= sinceMs) || mayHaveMissed(facts, atMs);
    }),
};

/** An answer that was lost is given again. */
export const grantsAreToldAgain: Invariant<Facts> = {
  name: "grants-are-told-again",
  promise: 2,
  description: "A grant ends unheard only if its agent could not ask again: the same poll gets the same answer.",
  check: (facts) => {
    const holders = new Map(facts.leases.map(({ epoch, agent }) => [epoch, agent]));
    return facts.events
      .filter(({ from, reason }) => from === "leased" && (reason === "grant_lost" || reason === "agent_lost"))
      .filter(({ epoch, atMs }) => !couldNotAsk(facts, holders.get(epoch) ?? "", atMs))
      .map(
        ({ workflow, epoch }) =>
          `workflow ${workflow}: ${holders.get(epoch)} was well and never told of epoch ${epoch}`,
      );
  },
};

/** By this much before its grant ends an agent that is well has asked again and been heard of, in milliseconds. */
const ASKS_AGAIN_MS = 800;

function couldNotAsk({ disturbances, ttlMs }: Facts, agent: string, atMs: number): boolean {
  return disturbances.some(({ subject, fromMs, wellMs }) => {
    if (subject === "replicas") return fromMs <= atMs && wellMs >= atMs - ttlMs;
    const isMeant = subject === agent || subject === "all" || subject === "servers";
    return isMeant && fromMs <= atMs && wellMs >= atMs - ASKS_AGAIN_MS;
  });
}

/** What a lost agent had is dealt with in time. */
export const lossesAreActedOn: Invariant<Facts> = {
  name: "losses-are-acted-on",
  promise: 4,
  description: "While servers are up, the leases of a lost agent end within TTL + TTL/6.",
  check: (facts) => {
    const limitMs = facts.ttlMs * (7 / 6) + facts.slackMs;
    return facts.disturbances.filter(isLoss).flatMap((loss) => {
      const dueMs = loss.fromMs + limitMs;
      if (loss.toMs < dueMs || serversWereDisturbed(facts, loss.fromMs - facts.ttlMs, dueMs)) return [];
      return facts.leases
        .filter(({ agent }) => agent === loss.subject)
        .map((lease) => ({ lease, ...spanOf(facts, lease) }))
        .filter(({ fromMs, toMs }) => fromMs < loss.fromMs && toMs > dueMs)
        .map(({ lease, toMs }) => lateEnd(lease, loss, toMs));
    });
  },
};

/** A restarted agent has nothing of what its killed process had. */
export const restartsEndLeases: Invariant<Facts> = {
  name: "restarts-end-leases",
  promise: 4,
  description:
    "What a killed agent process had has ended, by its policy, when the agent's next process has registered.",
  check: (facts) =>
    facts.restarts.flatMap(({ agent, killedMs, registeredMs }) =>
      facts.leases
        .filter((lease) => lease.agent === agent)
        .filter((lease) => spanOf(facts, lease).fromMs < killedMs && spanOf(facts, lease).toMs > registeredMs)
        .map(
          ({ workflow, epoch }) =>
            `workflow ${workflow}, epoch ${epoch} outlived the restart of ${agent}, which had it`,
        ),
    ),
};

/** A lost try ends by its workflow's own policy. */
export const policyDecides: Invariant<Facts> = {
  name: "policy-decides",
  promise: 4,
  description: "A lost agent's started workflow is queued again if its policy is requeue, and ends lost if it is fail.",
  check: ({ workflows, events }) => {
    const byId = new Map(workflows.map((workflow) => [workflow.id, workflow]));
    return events
      .filter(({ from, reason }) => from === "running" && (reason === "agent_lost" || reason === "agent_restarted"))
      .flatMap((event) => {
        const workflow = byId.get(event.workflow);
        if (!workflow || followsPolicy(workflow, event, events)) return [];
        return [`${nameOf(workflow)} went to ${event.to} for ${event.reason}, its policy is ${workflow.onAgentLost}`];
      });
  },
};

/** How often a workflow may lose its agent before it ends lost. */
const MAX_LOSSES = 5;

function followsPolicy({ id, onAgentLost }: WorkflowFact, { to }: EventFact, events: readonly EventFact[]): boolean {
  if (to === "canceled") return true;
  if (onAgentLost === "fail") return to === "lost";
  if (to !== "lost") return to === "queued";
  const losses = events.filter(
    ({ workflow, from, reason }) => workflow === id && from === "running" && isLossOf(reason),
  );
  return losses.length >= MAX_LOSSES;
}

function isLossOf(reason: string | null): boolean {
  return reason === "agent_lost" || reason === "agent_restarted";
}

/**
 * After an outage of all servers nothing runs out for a time to live, however long they were away. Whoever has not found
 * back by then, because it tries again later and later, is lost like any other.
 */
function mayHaveMissed({ disturbances, ttlMs, slackMs }: Facts, atMs: number): boolean {
  return disturbances.some(
    ({ subject, toMs, wellMs }) => subject === "servers" && toMs + ttlMs <= atMs && atMs <= wellMs + ttlMs + slackMs,
  );
}

/** Stretches in which something may keep this agent from being heard, as long as it takes to be well again. */
function keptFrom({ disturbances }: Facts, agent: string): readonly DisturbanceFact[] {
  return disturbances.filter(({ subject }) => subject === agent || subject === "all");
}

function lostWhileWell(
  { workflows, events, leases }: Facts,
  isExcused: (loss: { agent: string; atMs: number }) => boolean,
): string[] {
  const holders = new Map(leases.map(({ epoch, agent }) => [epoch, agent]));
  const known = new Set(workflows.map(({ id }) => id));
  return events
    .filter((event) => event.reason === "agent_lost" && known.has(event.workflow) && event.from !== "blocked")
    .filter(({ epoch, atMs }) => !isExcused({ agent: holders.get(epoch) ?? "", atMs }))
    .map(({ workflow, epoch, atMs }) => {
      const when = new Date(atMs).toISOString();
      return `workflow ${workflow} lost epoch ${epoch} at ${when}, though ${holders.get(epoch)} was well`;
    });
}

/** Whom a disturbance of servers is of. */
const SERVERS: ReadonlySet<string> = new Set(["all", "servers", "replicas"]);

function isLoss({ how }: DisturbanceFact): boolean {
  return how === "kill" || how === "freeze" || how === "refuse";
}

function serversWereDisturbed({ disturbances }: Facts, fromMs: number, toMs: number): boolean {
  return disturbances.some((one) => SERVERS.has(one.subject) && one.fromMs <= toMs && one.wellMs >= fromMs);
}

/** From the grant of a lease to its end, in the history. */
function spanOf({ events }: Facts, { workflow, epoch }: LeaseFact): { fromMs: number; toMs: number } {
  const own = events.filter((event) => event.workflow === workflow && event.epoch === epoch);
  const end = own.find(({ from, to }) => from === "running" || (from === "leased" && to !== "running"));
  return { fromMs: own[0]?.atMs ?? Infinity, toMs: end?.atMs ?? Infinity };
}

function lateEnd({ workflow, epoch, agent }: LeaseFact, { how, fromMs }: DisturbanceFact, toMs: number): string {
  const tookMs = Math.round(toMs - fromMs);
  return `workflow ${workflow}, epoch ${epoch}: ${agent} was lost (${how}), and it took ${tookMs} ms until that was acted on`;
}
