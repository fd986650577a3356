import { create } from "@bufbuild/protobuf";
import {
  DoneRequestSchema,
  EndReason,
  EnqueueLogRequestSchema,
  NextRequestSchema,
  NextResponseSchema,
  RegisterAgentRequestSchema,
  WorkflowState,
  WorkKind,
  type Grant,
} from "@groundcrew/proto";
import type { Principal } from "@groundcrew/rpc/server";
import { randomUUID } from "node:crypto";
import type { Caller } from "../agents/caller.ts";
import { registerAgent } from "../agents/register.ts";
import type { ServerContext } from "../context.ts";
import { json } from "../db/json.ts";
import type { Database } from "../db/schema.ts";
import type { Wanted } from "../queue/eligibility.ts";
import { Poller } from "../queue/next.ts";
import { newSecret } from "../tokens/secret.ts";
import type { Insertable, Selectable } from "kysely";
import { doneWorkflow, initWorkflow } from "./verbs.ts";

/** A token to enrol with, as the authenticator would find it. */
export async function enrolmentToken(context: ServerContext, singleUse = true): Promise<Principal> {
  const { id } = await context.db
    .insertInto("tokens")
    .values({
      name: "t",
      kind: "enrolment",
      role: null,
      hash: newSecret("enrolment").hash,
      single_use: singleUse,
      created_by: "test",
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { kind: "enrolment", tokenId: id, name: "t" };
}

/** What an agent says of itself, with a test's own changes. */
export function agentInfo(changes: Partial<Parameters<typeof infoOf>[0]> = {}) {
  return infoOf({
    name: `agent-${randomUUID().slice(0, 8)}`,
    capacity: 8,
    serves: WorkKind.BUILD,
    labels: {},
    ...changes,
  });
}

function infoOf(given: { name: string; capacity: number; serves: WorkKind; labels: Record<string, string> }) {
  const macs = ["02:00:00:00:00:01"];
  return {
    ...given,
    platform: "linux/x64",
    backend: "sandbox",
    version: "0",
    bootId: "b",
    machine: { hostname: "h", macs },
  };
}

/** Enrols an agent and returns it as the caller of further calls. */
export async function enrolAgent(
  context: ServerContext,
  changes: Parameters<typeof agentInfo>[0] = {},
): Promise<Caller> {
  const info = agentInfo(changes);
  const request = create(RegisterAgentRequestSchema, { info, protocolVersion: 1 });
  const { agentId, generation } = await registerAgent(context, await enrolmentToken(context), request);
  return { agentId: agentId ?? "", name: info.name, generation: generation ?? "" };
}

type Row = Selectable<Database["workflows"]>;

/** Puts a workflow of one step `run` straight into the queue, or whatever state the changes say. */
export async function insertWorkflow(
  context: ServerContext,
  changes: Partial<Insertable<Database["workflows"]>> & {
    wants?: Record<string, string>;
    /** Whose work it is, or where it must run. Default: nobody's, trusted, anywhere. */
    whose?: Partial<Pick<Wanted, "owner" | "repository" | "trusted" | "machineId">>;
    after?: Row[];
    run?: string;
    /** The secrets that its steps name, by variable: a step for each map. Default: one step `run` that names none. */
    naming?: Record<string, string>[];
    /** Replaces parts of its plan. */
    planned?: object;
  } = {},
): Promise<Row> {
  const { wants = {}, whose = {}, after = [], run = "true", naming = [{}], planned = {}, ...columns } = changes;
  const kind = columns.kind ?? "build";
  const labels = json(wants);
  const { machineId = null, ...rest } = whose;
  const { id: classId } = await context.db
    .insertInto("label_classes")
    .values({ kind, labels, machine_id: machineId, ...rest })
    .onConflict((conflict) =>
      conflict.columns(["kind", "labels", "machine_id", "owner", "repository", "trusted"]).doUpdateSet({ labels }),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  const row = await context.db
    .insertInto("workflows")
    .values({
      kind,
      name: "w",
      matrix: json({}),
      depends_on: after.map(({ name }) => name),
      class_id: classId,
      plan: json({
        kind: "build",
        env: {},
        steps: naming.map((secrets, index) => ({
          name: index === 0 ? "run" : `run ${index}`,
          run,
          shell: "sh",
          env: {},
          secrets,
          timeoutMs: 0,
        })),
        ...planned,
      }),
      timeout_ms: 60_000,
      on_agent_lost: "requeue",
      state: after.length > 0 ? "blocked" : "queued",
      block_reason: after.length > 0 ? "dependency" : null,
      parents_left: after.length,
      ...columns,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  for (const parent of after) {
    await context.db.insertInto("workflow_parents").values({ parent_id: parent.id, child_id: row.id }).execute();
  }
  return row;
}

/** A workflow's row as it is now. */
export function readWorkflow(context: ServerContext, id: string): Promise<Row> {
  return context.db.selectFrom("workflows").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
}

/** How a test asks for work. */
interface PollOptions {
  pollId?: string;
  freeSlots?: number;
  again?: boolean;
  /** Default: one of its own, as on a replica that knows nothing yet. */
  poller?: Poller;
}

/** Asks for work without waiting. */
export async function poll(context: ServerContext, caller: Caller, options: PollOptions = {}): Promise<Grant[]> {
  const { pollId = randomUUID(), freeSlots = 1, again = false, poller = new Poller(context) } = options;
  const request = create(NextRequestSchema, { pollId, freeSlots, again });
  return create(NextResponseSchema, await poller.nextNow(caller, request)).grants;
}

/** The lease of a grant that must have come. */
export async function takeOne(context: ServerContext, caller: Caller): Promise<{ workflowId: string; epoch: string }> {
  const [grant] = await poll(context, caller);
  if (!grant) throw new Error("nothing was granted");
  return { workflowId: grant.workflowId, epoch: grant.epoch };
}

/** Takes a workflow and starts it. */
export async function startOne(context: ServerContext, caller: Caller): Promise<{ workflowId: string; epoch: string }> {
  const lease = await takeOne(context, caller);
  await initWorkflow(context, caller, { ...lease } as Parameters<typeof initWorkflow>[2]);
  return lease;
}

/** A Done of this lease, succeeded unless said otherwise. */
export function done(
  context: ServerContext,
  caller: Caller,
  lease: { workflowId: string; epoch: string },
  changes: Partial<{
    state: WorkflowState;
    endReason: EndReason;
    lines: { step: string; try: number; lineCount: number; restLost?: boolean; crc32?: number }[];
    outputs: Record<string, string>;
  }> = {},
) {
  const outcome = { state: WorkflowState.SUCCEEDED, endReason: EndReason.COMPLETED, ...changes };
  return doneWorkflow(context, caller, create(DoneRequestSchema, { ...lease, ...outcome }));
}

/** Lines `first`, `first + 1`, … of the step "run", each holding its own number. */
export function logLines(
  lease: { workflowId: string; epoch: string },
  firstLine: number,
  count: number,
  lostBefore = 0,
) {
  const numbers = Array.from({ length: count }, (_, i) => firstLine + i);
  return create(EnqueueLogRequestSchema, {
    stepRun: { ...lease, step: "run", try: 1 },
    firstLine,
    lostBefore,
    baseTime: { seconds: 1n },
    entries: numbers.map((number) => ({ atMs: 0, text: new TextEncoder().encode(String(number)) })),
  });
}
