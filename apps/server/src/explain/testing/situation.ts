import * as fc from "fast-check";
import { sql } from "kysely";
import type { ServerContext } from "../../context.ts";
import { json } from "../../db/json.ts";
import type { BlockReasonName, WorkKindName } from "../../db/schema.ts";
import { insertWorkflow } from "../../testing/fleet.ts";
import { insertPause } from "./explain.ts";
import { labelClass } from "./label-class.ts";

/** What is usual, so that work meets agents that may take it, and now and then something else. */
function mostly<T>(usual: T, ...others: T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

const kind = mostly<WorkKindName>("build", "vetting");
/** One of two. */
const machine = fc.constantFrom(0, 1);
type Labels = Record<string, string>;

const agents = fc.array(
  fc.record({
    serves: kind,
    labels: mostly<Labels>(
      { os: "*" },
      {},
      { os: "x" },
      { os: "x", gpu: "y" },
      { "!gpu": "y" },
      { os: "y", "!gpu": "*" },
    ),
    machine,
    capacity: fc.integer({ min: 1, max: 4 }),
    busy: fc.integer({ min: 0, max: 3 }),
    lifecycle: mostly<"ready" | "draining">("ready", "draining"),
    paused: mostly(false, true),
    connected: mostly(true, false),
    grant_owners: mostly<string[]>([], ["acme"], ["bob", "carol"]),
    grant_repositories: mostly<string[]>([], ["acme/api"], ["bob/x", "acme/web"]),
    grant_untrusted: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5, size: "max" },
);

const workflows = fc.array(
  fc.record({
    waitsFor: mostly<"an agent" | BlockReasonName>("an agent", "dependency", "approval", "delay", "limit"),
    priority: mostly(0, -1, 1),
    fairKey: fc.integer({ min: 0, max: 3 }),
    kind,
    labels: mostly<Labels>({}, { os: "x" }, { os: "y" }, { gpu: "y" }, { os: "x", gpu: "y" }),
    repository: fc.constantFrom("acme/api", "acme/web", "bob/x"),
    trusted: mostly(true, false),
    machine: mostly<number | null>(null, 0, 1),
  }),
  { minLength: 1, maxLength: 10, size: "max" },
);

const pauses = fc.record({
  queue: mostly(false, true),
  repositories: mostly<string[]>([], ["acme/api"], ["acme/api", "acme/web"]),
});

type Of<T> = T extends fc.Arbitrary<(infer Each)[]> ? Each : never;
type AgentSketch = Of<typeof agents>;
type WorkflowSketch = Of<typeof workflows>;

/** A fleet, a queue and the pauses in force. */
export const situations = fc.record({ agents, workflows, pauses });

/** A made-up fleet with its queue. */
export type Situation = typeof situations extends fc.Arbitrary<infer Each> ? Each : never;

/** An agent that polls: how many slots it has free. */
export interface Polling {
  agentId: string;
  name: string;
  free: number;
}

/** Makes the database hold a situation and nothing else. Returns the agents that are connected and have a free slot. */
export async function arrange(context: ServerContext, situation: Situation): Promise<Polling[]> {
  await clear(context);
  const machines = [await insertMachine(context), await insertMachine(context)];
  const polling = await insertFleet(context, machines, situation.agents);
  for (const each of situation.workflows) await insertSketch(context, machines, each);
  if (situation.pauses.queue) await insertPause(context, "queue", "");
  for (const repository of situation.pauses.repositories) await insertPause(context, "repository", repository);
  return polling;
}

async function clear({ db }: ServerContext): Promise<void> {
  for (const table of [
    "workflows",
    "workflow_parents",
    "leases",
    "pauses",
    "agents",
    "machines",
    "label_classes",
  ] as const) {
    await db.deleteFrom(table).execute();
  }
}

async function insertMachine({ db }: ServerContext): Promise<string> {
  const row = { system_uuid: "", board_serial: "", macs: [], vendor: "", product: "", serial: "", hostname: "h" };
  const { id } = await db.insertInto("machines").values(row).returning("id").executeTakeFirstOrThrow();
  return id;
}

async function insertFleet(context: ServerContext, machines: string[], fleet: AgentSketch[]): Promise<Polling[]> {
  const polling: Polling[] = [];
  for (const [index, sketch] of fleet.entries()) {
    const { paused, connected, machine, labels, busy, serves, lifecycle, ...columns } = sketch;
    const name = `a${index}`;
    const row = {
      ...columns,
      name,
      serves,
      lifecycle,
      labels: json(labels),
      machine_id: machines[machine] ?? "",
      platform: "",
      backend: "sandbox",
      version: "",
      capabilities: [],
      boot_id: "b",
      credential_hash: Buffer.from(name),
      generation: "1",
      last_seen_at: sql<Date>`now()`,
      disconnected_at: connected ? null : sql<Date>`now()`,
    };
    const { id } = await context.db.insertInto("agents").values(row).returning("id").executeTakeFirstOrThrow();
    const held = Math.min(busy, columns.capacity);
    for (let i = 0; i < held; i++) await insertWorkflow(context, { state: "running", agent_id: id, agent_name: name });
    if (paused) await insertPause(context, "agent", id);
    if (connected && held < columns.capacity) polling.push({ agentId: id, name, free: columns.capacity - held });
  }
  return polling;
}

async function insertSketch(context: ServerContext, machines: string[], sketch: WorkflowSketch): Promise<void> {
  const { waitsFor, priority, fairKey, machine, kind, labels, repository, trusted } = sketch;
  const owner = repository.split("/")[0] ?? "";
  const class_id = await labelClass(context, {
    kind,
    labels,
    owner,
    repository,
    trusted,
    machine_id: machine === null ? null : (machines[machine] ?? null),
  });
  const common = { kind, class_id, priority, fair_key: String(fairKey) };
  const blocked = { ...common, state: "blocked" as const };
  switch (waitsFor) {
    case "dependency": {
      const parent = await insertWorkflow(context, { state: "running" });
      await insertWorkflow(context, { ...common, after: [parent] });
      return;
    }
    case "approval":
      await insertWorkflow(context, { ...blocked, block_reason: "approval", needs_approval: true });
      return;
    case "delay":
      await insertWorkflow(context, { ...blocked, block_reason: "delay", not_before: "2040-01-01T00:00:00Z" });
      return;
    case "limit":
      await insertWorkflow(context, {
        ...blocked,
        block_reason: "limit",
        concurrency_group: "g",
        concurrency_limit: 1,
      });
      return;
    case "holding":
      await insertWorkflow(context, { ...blocked, block_reason: "holding" });
      return;
    case "an agent":
      await insertWorkflow(context, common);
      return;
    default:
      waitsFor satisfies never;
  }
}
