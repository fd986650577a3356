import type { EventFact, Facts, StoredFacts } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** A concurrency group never has more than its places. */
export const groupsAreBounded: Invariant<StoredFacts> = {
  name: "groups-are-bounded",
  promise: 2,
  description: "No more workflows of a concurrency group are with agents at once than its limit.",
  check: ({ workflows, events }) => {
    const groups = Map.groupBy(
      workflows.filter(({ group }) => group !== null),
      ({ group }) => group ?? "",
    );
    return [...groups].flatMap(([group, members]) => {
      const limit = Math.max(...members.map(({ groupLimit }) => groupLimit ?? Infinity));
      const most = mostAtOnce(events, new Set(members.map(({ id }) => id)));
      return most <= limit ? [] : [`group ${group} had ${most} workflows with agents at once, its limit is ${limit}`];
    });
  },
};

/** A lease that is being written when the pause is stored does not see it yet, in milliseconds. */
const IN_FLIGHT_MS = 500;

/** What is paused is not given out. */
export const pausesHold: Invariant<Facts> = {
  name: "pauses-hold",
  promise: 5,
  description: "While a pause is in force nothing that it covers is leased.",
  check: ({ pauses, events }) =>
    events
      .filter(({ to }) => to === "leased")
      .flatMap(({ workflow, actor, atMs }) =>
        pauses
          .filter(({ scope, target }) => scope === "queue" || target === actor)
          .filter(({ fromMs, toMs }) => fromMs + IN_FLIGHT_MS < atMs && atMs < toMs)
          .map(({ scope }) => `workflow ${workflow} was leased by ${actor} while the ${scope} was paused`),
      ),
};

function mostAtOnce(events: readonly EventFact[], members: ReadonlySet<string>): number {
  let now = 0;
  let most = 0;
  for (const { workflow, from, to } of events.toSorted((a, b) => a.atMs - b.atMs)) {
    if (!members.has(workflow)) continue;
    if (to === "leased") now += 1;
    else if (from === "leased" && to !== "running") now -= 1;
    else if (from === "running") now -= 1;
    most = Math.max(most, now);
  }
  return most;
}
