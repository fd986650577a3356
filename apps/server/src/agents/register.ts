import type { AgentInfo, RegisterAgentRequest, RegisterAgentResponseSchema } from "@groundcrew/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, invalidField } from "@groundcrew/rpc";
import { type Principal } from "@groundcrew/rpc/server";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { json } from "../db/json.ts";
import { workKindName } from "../names.ts";
import { newSecret } from "../tokens/secret.ts";
import { requireText } from "../validate.ts";
import { checkProtocol } from "./check-protocol.ts";
import { desiredStateOf, type Lifecycle } from "./desired-state.ts";
import { supersedeDirectives } from "./directives.ts";
import type { GrantColumns } from "./grants.ts";
import { startFirst } from "../vetting/first-sight.ts";
import { findMachine } from "./machine.ts";
import { checkedOffer, offered } from "./offer.ts";
import { releaseHeld } from "./release-held.ts";

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
    const found = principal.kind === "agent" ? await known(tx, principal.agentId) : await enrol(tx, principal, info);
    const machineId = await findMachine(tx, {
      identity: info.machine,
      previousId: found.agent?.machine_id ?? null,
      invited: found.invited === true,
      policy: context.machines,
    });
    const stored = await store(tx, found, info, machineId, principal);
    await supersedeDirectives(tx, stored.id, stored.generation);
    // A new process holds nothing but what it lists: everything else its predecessor held ends by its policy.
    const unlisted = { reason: "agent_restarted", actor: stored.name, except: request.held } as const;
    const topics = await releaseHeld(tx, context, stored.id, unlisted);
    const runId = info.serves === "vetting" ? await startFirst(tx, context, machineId) : undefined;
    if (runId !== undefined) topics.push("queue", `workflow:${runId}`);
    return { response: answer(context, stored), topics };
  });
  context.hints.publish(...topics, `agent:${response.agentId}`);
  return response;
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
    ...checkedOffer(info, "info", serves),
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

/** Who registers, as far as the server knows it. */
interface Found {
  agent: AgentRow | undefined;
  /** Set when its enrolment says whose work it may take. */
  grants?: GrantColumns;
  /** It enrols with a token that was made for it alone. */
  invited?: boolean;
}

async function known(tx: Tx, agentId: string): Promise<Found> {
  const agents = tx.selectFrom("agents").select(["id", "machine_id"]).where("id", "=", agentId);
  return { agent: await agents.forUpdate().executeTakeFirstOrThrow() };
}

/**
 * What the enrolment token allows: a new agent, one that was reset, or, when the answer to the first enrolment was
 * lost, the very agent this token enrolled and that was never heard of since.
 */
async function enrol(tx: Tx, principal: Principal, info: CheckedInfo): Promise<Found> {
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
  // What an operator has granted since the answer was lost stays.
  const invited = token.single_use;
  return answerLost ? { agent, invited } : { agent, grants: grantsOf(token), invited };
}

function grantsOf({ grant_owners, grant_repositories, grant_untrusted }: GrantColumns): GrantColumns {
  return { grant_owners, grant_repositories, grant_untrusted };
}

async function store(tx: Tx, { agent, grants }: Found, info: CheckedInfo, machineId: string, principal: Principal) {
  const { bootId, machine: _machine, labels, capacity, ...plain } = info;
  const enrolment = principal.kind === "enrolment" ? newSecret("agent") : undefined;
  const values = {
    ...plain,
    machine_id: machineId,
    boot_id: bootId,
    registered_at: sql<Date>`now()`,
    disconnected_at: null,
    ...grants,
    ...(enrolment && {
      credential_hash: enrolment.hash,
      enrolled_by: principal.kind === "enrolment" ? principal.tokenId : null,
      lifecycle: "ready" as const,
    }),
  };
  const own = { labels: json(labels), capacity, own_labels: null, own_capacity: null };
  const columns = ["id", "name", "generation", "lifecycle", "capacity"] as const;
  const row = agent
    ? await tx
        .updateTable("agents")
        .set({
          ...values,
          ...(grants ? own : offered({ labels, capacity })),
          generation: sql`generation + 1`,
          last_seen_at: enrolment ? null : sql<Date>`now()`,
        })
        .where("id", "=", agent.id)
        .returning(columns)
        .executeTakeFirstOrThrow()
    : await tx
        .insertInto("agents")
        .values({ ...values, ...own, generation: "1" })
        .returning(columns)
        .executeTakeFirstOrThrow();
  return { ...row, credential: enrolment?.secret ?? "" };
}

interface Stored {
  id: string;
  generation: string;
  lifecycle: Lifecycle;
  capacity: number;
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
    capacity: agent.capacity,
  };
}
