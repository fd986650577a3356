import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow, poll } from "../testing/fleet.ts";
import { Poller } from "./next.ts";

// Fleets and queues are made up; every agent polls; a small oracle, which knows neither classes nor lanes nor pools, then
// says of each workflow and each agent whether what happened may have happened.

const REPOSITORIES = ["acme/api", "acme/web", "bob/x"];

const agents = fc.array(
  fc.record({
    labels: fc.dictionary(fc.constantFrom("os", "gpu", "!gpu"), fc.constantFrom("x", "y", "*"), { maxKeys: 2 }),
    capacity: fc.integer({ min: 1, max: 4 }),
    slots: fc.integer({ min: 1, max: 5 }),
    owners: fc.constantFrom<string[]>([], [], ["acme"]),
    repositories: fc.constantFrom<string[]>([], [], ["acme/api", "bob/x"]),
    untrusted: fc.boolean(),
    draining: fc.constantFrom(false, false, false, true),
    replica: fc.integer({ min: 0, max: 1 }),
  }),
  { minLength: 1, maxLength: 6 },
);

const workflows = fc.array(
  fc.record({
    labels: fc.dictionary(fc.constantFrom("os", "gpu"), fc.constantFrom("x", "y"), { maxKeys: 2 }),
    repository: fc.constantFrom(...REPOSITORIES),
    trusted: fc.constantFrom(true, true, false),
    priority: fc.integer({ min: -1, max: 1 }),
    fairKey: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 1, maxLength: 14 },
);

type Of<T> = T extends fc.Arbitrary<(infer Each)[]> ? Each : never;
type Agent = Of<typeof agents> & { caller: Caller };
type Workflow = Of<typeof workflows> & { id: string };

suite("over made-up fleets and queues", () => {
  test("one replica leases all that may be leased, to who may take it, in order", { timeout: 60_000 }, async (t) => {
    const context = await testContext(t);
    const property = fc.asyncProperty(agents, workflows, async (fleet, queue) => {
      const world = await build(context, fleet, queue);
      const poller = new Poller(context);
      const first = await askAtOnce(context, world.fleet, () => poller);
      holdsOrder(world, first);
      holdsRules(world, await askOn(context, first, () => poller));
    });
    await fc.assert(property, { numRuns: 30 });
  });

  test("two replicas at once never lease twice, and together leave nothing", { timeout: 60_000 }, async (t) => {
    const context = await testContext(t);
    const property = fc.asyncProperty(agents, workflows, async (fleet, queue) => {
      const world = await build(context, fleet, queue);
      const pollers = [new Poller(context), new Poller(context)];
      const pollerOf = ({ replica }: Agent): Poller => pollers[replica] ?? assert.fail();
      const first = await askAtOnce(context, world.fleet, pollerOf);
      holdsRules(world, await askOn(context, first, pollerOf));
    });
    await fc.assert(property, { numRuns: 25 });
  });
});

interface World {
  fleet: Agent[];
  queue: Workflow[];
}

async function build(
  context: ServerContext,
  fleet: Of<typeof agents>[],
  queue: Of<typeof workflows>[],
): Promise<World> {
  await context.db.deleteFrom("workflows").execute();
  const enrolled = await Promise.all(fleet.map(async (agent) => ({ ...agent, caller: await enrol(context, agent) })));
  const queued: Workflow[] = [];
  for (const workflow of queue) {
    const { labels, repository, trusted, priority, fairKey } = workflow;
    const whose = { owner: ownerOf(repository), repository, trusted };
    const { id } = await insertWorkflow(context, { wants: labels, whose, priority, fair_key: String(fairKey) });
    queued.push({ ...workflow, id });
  }
  return { fleet: enrolled, queue: queued };
}

async function enrol(context: ServerContext, agent: Of<typeof agents>): Promise<Caller> {
  const { labels, capacity, owners, repositories, untrusted, draining } = agent;
  const caller = await enrolAgent(context, { labels, capacity });
  const grants = { grant_owners: owners, grant_repositories: repositories, grant_untrusted: untrusted };
  await context.db
    .updateTable("agents")
    .set({ ...grants, lifecycle: draining ? "draining" : "ready" })
    .where("id", "=", caller.agentId)
    .execute();
  return caller;
}

/** What each agent is granted when all ask at once. */
async function askAtOnce(context: ServerContext, fleet: Agent[], pollerOf: (agent: Agent) => Poller): Promise<Taken> {
  const answers = fleet.map(async (agent) => [agent, await ask(context, agent, pollerOf)] as const);
  return new Map(await Promise.all(answers));
}

/** What each has when, one after the other, they go on to ask until they are given nothing. */
async function askOn(context: ServerContext, first: Taken, pollerOf: (agent: Agent) => Poller): Promise<Taken> {
  const all = new Map<Agent, string[]>();
  for (const [agent, taken] of first) {
    const own = [...taken];
    all.set(agent, own);
    for (;;) {
      const more = await ask(context, agent, pollerOf);
      own.push(...more);
      if (more.length === 0) break;
    }
  }
  return all;
}

async function ask(context: ServerContext, agent: Agent, pollerOf: (agent: Agent) => Poller): Promise<string[]> {
  const grants = await poll(context, agent.caller, { freeSlots: agent.slots, poller: pollerOf(agent) });
  assert.ok(grants.length <= agent.slots, "no answer holds more than was asked for");
  return grants.map(({ workflowId }) => workflowId);
}

type Taken = ReadonlyMap<Agent, readonly string[]>;

function holdsRules({ fleet, queue }: World, taken: Taken): void {
  const all = [...taken.values()].flat();
  assert.equal(new Set(all).size, all.length, "nothing is leased twice");
  const left = queue.filter(({ id }) => !all.includes(id));
  for (const agent of fleet) {
    const own = taken.get(agent) ?? [];
    assert.ok(own.length <= agent.capacity, "nobody holds more than its capacity");
    for (const workflow of queue) if (own.includes(workflow.id)) assert.ok(may(agent, workflow), "by who may take it");
    const leasable = left.filter((workflow) => may(agent, workflow));
    assert.deepEqual(
      own.length === agent.capacity ? [] : leasable,
      [],
      "nothing is left that an agent with a free slot may take",
    );
  }
}

function holdsOrder({ queue }: World, taken: Taken): void {
  const all = new Set([...taken.values()].flat());
  for (const [agent, ids] of taken) {
    const own = ids.map((id) => queue.find((workflow) => workflow.id === id) ?? assert.fail());
    assert.deepEqual(own, own.toSorted(inOrder), "an answer is in order");
    const last = own.at(-1);
    const passedOver = queue.filter((other) => !all.has(other.id) && may(agent, other));
    for (const other of last ? passedOver : []) assert.ok(inOrder(last ?? other, other) < 0, "nothing is passed over");
  }
}

function inOrder(a: Workflow, b: Workflow): number {
  return b.priority - a.priority || a.fairKey - b.fairKey || Number(a.id) - Number(b.id);
}

function ownerOf(repository: string): string {
  return repository.split("/")[0] ?? "";
}

/** The rules once more, as plainly as they can be said. */
function may(agent: Agent, { labels, repository, trusted }: Workflow): boolean {
  if (agent.draining || (!trusted && !agent.untrusted)) return false;
  if (agent.owners.length > 0 && !agent.owners.includes(ownerOf(repository))) return false;
  if (agent.repositories.length > 0 && !agent.repositories.includes(repository)) return false;
  if (agent.labels["!gpu"] !== undefined && labels["gpu"] === undefined) return false;
  return Object.entries(labels).every(([key, value]) => {
    const own = agent.labels[key] ?? agent.labels[`!${key}`];
    return own === "*" || own === value;
  });
}
