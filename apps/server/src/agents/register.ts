import type { AgentInfo, RegisterAgentRequest, RegisterAgentResponseSchema } from "@groundcrew/proto";
import { DesiredState, ProtocolMismatchSchema } from "@groundcrew/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, invalidField, PROTOCOL_MAX, PROTOCOL_MIN } from "@groundcrew/rpc";
import { type Principal } from "@groundcrew/rpc/server";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { json } from "../db/json.ts";
import { workKindName } from "../names.ts";
import { newSecret } from "../tokens/secret.ts";
import { requireMap, requireRange, requireText } from "../validate.ts";
import { lockWorkflows, releaseWorkflow } from "../workflows/transitions.ts";
import { findMachine } from "./machine.ts";

/** The largest EnqueueLog batch an agent is told to send, in bytes of text. */
const LOG_BATCH_MAX_BYTES = 1024 * 1024;

type Response = MessageInitShape<typeof RegisterAgentResponseSchema>;

/** Enrols an agent or announces a new process of one, and ends the leases that the new process does not hold. */
export async function registerAgent(
  context: ServerContext,
  principal: Principal,
  request: RegisterAgentRequest,
): Promise<Response> {
  checkProtocol(request.protocolVersion);
  const info = checkedInfo(request.info);
  const { response, topics } = await context.db.transaction().execute(async (tx) => {
    const agent = principal.kind === "agent" ? await known(tx, principal.agentId) : await enrol(tx, principal, info);
    const machineId = await findMachine(tx, info.machine, agent?.machine_id ?? null);
    const stored = await store(tx, agent, info, machineId, principal);
    const topics = await endUnlisted(tx, stored.id, stored.name, request);
    return { response: answer(context, stored), topics };
  });
  context.hints.publish(...topics, `agent:${response.agentId}`);
  return response;
}

function checkProtocol(version: number): void {
  if (version >= PROTOCOL_MIN && version <= PROTOCOL_MAX) return;
  const message = `the agent speaks protocol ${version}, this server ${PROTOCOL_MIN} to ${PROTOCOL_MAX}`;
  throw new ConnectError(message, Code.FailedPrecondition, undefined, [
    {
      desc: ProtocolMismatchSchema,
      value: { serverMin: PROTOCOL_MIN, serverMax: PROTOCOL_MAX, client: version },
    },
  ]);
}

type CheckedInfo = ReturnType<typeof checkedInfo>;

function checkedInfo(info: AgentInfo | undefined) {
  if (!info) throw invalidField("info", "absent", "what the agent is");
  const serves = workKindName(info.serves);
  if (!serves) throw invalidField("info.serves", info.serves, "WORK_KIND_BUILD or WORK_KIND_VETTING");
  if (!info.machine) throw invalidField("info.machine", "absent", "the machine's identity");
  const short = { max: 128, expected: "at most 128 characters" };
  return {
    name: requireText("info.name", info.name, {
      min: 1,
      max: 63,
      pattern: /^[a-z0-9][a-z0-9._-]*$/,
      expected: "1 to 63 of a-z, 0-9, '-', '.', '_', starting with a letter or digit",
    }),
    serves,
    platform: requireText("info.platform", info.platform, short),
    backend: requireText("info.backend", info.backend, short),
    version: requireText("info.version", info.version, short),
    capacity: requireRange("info.capacity", info.capacity, 1, serves === "vetting" ? 1 : 1024),
    labels: requireMap("info.labels", info.labels, { maxEntries: 64, maxKey: 128, maxValue: 128 }),
    capabilities: checkedCapabilities(info.capabilities),
    bootId: requireText("info.boot_id", info.bootId, short),
    machine: info.machine,
  };
}

/** What an agent says it can do. Throws when there is too much of it. */
export function checkedCapabilities(capabilities: string[]): string[] {
  if (capabilities.length > 64) throw invalidField("capabilities", `${capabilities.length} entries`, "at most 64");
  return capabilities.map((name) =>
    requireText("capabilities", name, { min: 1, max: 128, expected: "1 to 128 characters" }),
  );
}

interface AgentRow {
  id: string;
  machine_id: string | null;
}

async function known(tx: Tx, agentId: string): Promise<AgentRow> {
  return tx
    .selectFrom("agents")
    .select(["id", "machine_id"])
    .where("id", "=", agentId)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

/**
 * What the enrolment token allows: a new agent, one that was reset, or, when the answer to the first enrolment was
 * lost, the very agent this token enrolled and that was never heard of since.
 */
async function enrol(tx: Tx, principal: Principal, info: CheckedInfo): Promise<AgentRow | undefined> {
  if (principal.kind !== "enrolment") throw new ConnectError("an enrolment token is needed", Code.Unauthenticated);
  const token = await tx
    .selectFrom("tokens")
    .selectAll()
    .where("id", "=", principal.tokenId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const agent = await tx.selectFrom("agents").selectAll().where("name", "=", info.name).forUpdate().executeTakeFirst();
  const answerLost = agent?.enrolled_by === token.id && agent.last_seen_at === null;
  if (agent && agent.credential_hash !== null && !answerLost) {
    const hint = `use another name, or run "crew agents reset ${info.name}" first`;
    throw new ConnectError(`an agent named ${info.name} is enrolled already; ${hint}`, Code.AlreadyExists);
  }
  if (token.single_use && token.used_up_at !== null && !answerLost) {
    const hint = 'make another with "crew agents enroll"';
    throw new ConnectError(`the enrolment token was used already; ${hint}`, Code.Unauthenticated);
  }
  await tx
    .updateTable("tokens")
    .set({ used_up_at: sql<Date>`now()` })
    .where("id", "=", token.id)
    .execute();
  return agent;
}

async function store(tx: Tx, agent: AgentRow | undefined, info: CheckedInfo, machineId: string, principal: Principal) {
  const { bootId, machine: _machine, labels, ...plain } = info;
  const enrolment = principal.kind === "enrolment" ? newSecret("agent") : undefined;
  const values = {
    ...plain,
    labels: json(labels),
    machine_id: machineId,
    boot_id: bootId,
    registered_at: sql<Date>`now()`,
    disconnected_at: null,
    ...(enrolment && {
      credential_hash: enrolment.hash,
      enrolled_by: principal.kind === "enrolment" ? principal.tokenId : null,
      lifecycle: "ready" as const,
    }),
  };
  const columns = ["id", "name", "generation", "lifecycle"] as const;
  const row = agent
    ? await tx
        .updateTable("agents")
        .set({ ...values, generation: sql`generation + 1`, last_seen_at: enrolment ? null : sql<Date>`now()` })
        .where("id", "=", agent.id)
        .returning(columns)
        .executeTakeFirstOrThrow()
    : await tx
        .insertInto("agents")
        .values({ ...values, generation: "1" })
        .returning(columns)
        .executeTakeFirstOrThrow();
  return { ...row, credential: enrolment?.secret ?? "" };
}

/** A new process holds nothing but what it lists: everything else its predecessor held ends by its policy. */
async function endUnlisted(tx: Tx, agentId: string, name: string, { held }: RegisterAgentRequest): Promise<Topic[]> {
  const rows = await tx
    .selectFrom("workflows")
    .select(["id", "epoch"])
    .where("agent_id", "=", agentId)
    .where("state", "in", ["leased", "running"])
    .execute();
  const listed = new Set(held.map(({ workflowId, epoch }) => `${workflowId}/${epoch}`));
  const lost = rows.filter(({ id, epoch }) => !listed.has(`${id}/${epoch}`)).map(({ id }) => id);
  const topics: Topic[] = [];
  for (const row of await lockWorkflows(tx, lost)) {
    if (row.agent_id === agentId) topics.push(...(await releaseWorkflow(tx, row, "agent_restarted", name)));
  }
  return topics;
}

interface Stored {
  id: string;
  generation: string;
  lifecycle: "ready" | "draining" | "terminated";
  credential: string;
}

function answer({ intervals }: ServerContext, agent: Stored): Response & { agentId: string } {
  return {
    agentId: agent.id,
    credential: agent.credential,
    generation: agent.generation,
    leaseTtlMs: intervals.leaseTtlMs,
    extendIntervalMs: Math.floor(intervals.leaseTtlMs / 3),
    healthIntervalMs: intervals.healthIntervalMs,
    logIntervalMs: intervals.logIntervalMs,
    logBatchMaxBytes: LOG_BATCH_MAX_BYTES,
    pollHoldMs: intervals.pollHoldMs,
    desiredState: desiredStateOf(agent.lifecycle),
  };
}

/** What the operator wants of an agent in this lifecycle. */
export function desiredStateOf(lifecycle: Stored["lifecycle"]): DesiredState {
  return { ready: DesiredState.READY, draining: DesiredState.DRAINING, terminated: DesiredState.TERMINATED }[lifecycle];
}
