import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Option, type Command } from "commander";
import {
  CreateTokenResponseSchema,
  DesiredState,
  GetAgentResponseSchema,
  ListAgentsResponseSchema,
  ResetAgentResponseSchema,
  TokenKind,
  type Agent,
} from "@groundcrew/proto";
import { agentProgram, enrolAdvice, enrolLine } from "../enrol-line.ts";
import { collect, noteList } from "../paging.ts";
import { renderFields } from "../render/fields.ts";
import { connectionLook } from "../render/looks.ts";
import { agentTable, ageText, grantsText, kindText, pairsText } from "../render/tables.ts";
import { timeText } from "../render/view.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { addDuty } from "./agent-duty.ts";
import { addUpdate } from "./agent-update.ts";
import { addGrant, grantsOf, withGrants, type GrantOptions } from "./agent-grants.ts";
import { parseMs, withExamples, withList, withOutput, type Run } from "./command.ts";
import { requireYes } from "./require-yes.ts";

/** `crew agents`. */
export function addAgents(program: Command, run: Run): void {
  const agents = program
    .command("agents")
    .alias("agent")
    .summary("the programs that run workflows")
    .description("Agents: the programs on machines that run workflows.");
  withList(agents.command("ls")).alias("list").description("Lists agents.").action(run(list));
  withOutput(agents.command("show"))
    .description("Shows an agent with its newest own log lines.")
    .argument("<agent>", "an agent's name or id")
    .action(run(show));
  addEnroll(agents, run);
  addGrant(agents, run);
  addUpdate(agents, run);
  addDuty(agents, run);
  withOutput(agents.command("reset"))
    .description("Forgets an agent's credential, so that its name can be enrolled anew. What it runs ends by policy.")
    .argument("<agent>", "an agent's name or id")
    .option("-y, --yes", "do not ask")
    .action(run(reset));
}

function addEnroll(agents: Command, run: Run): void {
  const enroll = withGrants(withOutput(agents.command("enroll")))
    .description("Makes an enrolment token and prints the one line to paste on a new machine.")
    .option("--name <name>", "the agent's name (default: the machine's host name)")
    .addOption(new Option("--serves <kind>", "what the agent does").choices(["build", "vetting"]).default("build"))
    .option("--ttl <duration>", "how long the token can be used, such as 30m (default: an hour)", parseMs)
    .option("--reusable", "let the token enrol more than one agent")
    .action(run(enrol));
  withExamples(enroll, [
    "crew agents enroll",
    "ssh build-7 groundcrew/bin/$(crew agents enroll --name build-7)",
    "crew agents enroll --name acme-1 --owner https://example.org/acme",
  ]);
}

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const { agents, nextPageToken } = await operator.listAgents({ page: request }, session.call);
    return { items: agents, nextPageToken };
  });
  const { items: agents, nextPageToken } = page;
  const response = create(ListAgentsResponseSchema, { agents, nextPageToken });
  session.showTable(ListAgentsResponseSchema, response, agentTable(agents, session.io.now()));
  noteList(session, page, "no agents yet; enrol one: crew agents enroll");
}

async function show(session: Session, _options: object, agent: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.getAgent({ agent }, session.call);
  session.show(GetAgentResponseSchema, response, () => (response.agent ? describe(session, response.agent) : []));
}

const wanted: Record<number, string> = {
  [DesiredState.DRAINING]: "draining: takes no more work",
  [DesiredState.TERMINATED]: "terminated: does not come back",
};

function describe({ io }: Session, agent: Agent): string[] {
  const fields = [
    ["agent", agent.name],
    ["id", agent.id],
    ["serves", kindText(agent.serves)],
    ["connection", `${connectionLook(agent.connection).word} ${ageText(agent.lastSeenAt, io.now())}`.trim()],
    ["wanted", wanted[agent.desiredState] ?? ""],
    ["paused", pausedText(agent)],
    ["takes work of", grantsText(agent.grants)],
    ["busy", `${agent.busy} of ${agent.capacity}`],
    ["workflows", agent.workflowIds.join(", ")],
    ["load", agent.load1m.toFixed(2)],
    ["labels", pairsText(agent.labels)],
    ["says of itself", ownText(agent)],
    ["capabilities", agent.capabilities.join(", ")],
    ["platform", agent.platform],
    ["backend", agent.backend],
    ["version", agent.version],
    ["machine", agent.machineId],
    ["generation", agent.generation],
    ["enrolled", timeText(agent.createdAt)],
  ] as const;
  const log = agent.recentLog.map((line) => `  ${visible(line)}`);
  return [...renderFields(fields, io.stdout.style), ...(log.length === 0 ? [] : ["", "its own log:", ...log])];
}

/** What it says where an operator has said otherwise. */
function ownText({ own }: Agent): string {
  return own ? `capacity ${own.capacity}, labels ${pairsText(own.labels) || "none"}` : "";
}

function pausedText({ pause }: Agent): string {
  if (!pause) return "";
  return `by ${pause.pausedBy} since ${timeText(pause.pausedAt)}${pause.reason === "" ? "" : `: ${pause.reason}`}`;
}

interface EnrolOptions extends GrantOptions {
  name?: string;
  serves: string;
  ttl?: number;
  reusable?: boolean;
}

async function enrol(session: Session, options: EnrolOptions): Promise<void> {
  const { name, serves, ttl = 0, reusable = false } = options;
  const operator = await session.operator();
  const who = await operator.whoAmI({}, session.call);
  const request = {
    name: `enroll-${name ?? serves}-${randomBytes(3).toString("hex")}`.slice(0, 63),
    kind: TokenKind.ENROLMENT,
    ttlSeconds: Math.ceil(ttl / 1000),
    reusable,
    ...grantsIn(options),
  };
  const response = await operator.createToken(request, session.call);
  const server = who.agentUrl || session.target().url;
  const enrolment = {
    server,
    token: response.secret,
    serves,
    ...(who.certificateFingerprint === "" ? {} : { fingerprint: who.certificateFingerprint }),
    ...(name === undefined ? {} : { name }),
  };
  session.show(CreateTokenResponseSchema, response, () => [enrolLine(enrolment, agentProgram(server))]);
  session.note(validity(reusable, timeText(response.token?.expiresAt)), ...enrolAdvice(server));
}

function grantsIn(options: GrantOptions): { grants?: NonNullable<ReturnType<typeof grantsOf>> } {
  const grants = grantsOf(options);
  return grants ? { grants } : {};
}

function validity(reusable: boolean, until: string): string {
  const many = reusable ? "any number of agents" : "one agent";
  return `It enrols ${many}${until === "" ? "" : ` until ${until}`}. Whoever has it can enrol: keep it to yourself.`;
}

async function reset(session: Session, { yes = false }: { yes?: boolean }, agent: string): Promise<void> {
  const operator = await session.operator();
  if (!yes) await requireYes(session, "reset", `Reset ${agent} and end what it runs?`);
  const response = await operator.resetAgent({ agent }, session.call);
  session.show(ResetAgentResponseSchema, response, () => [
    visible(
      `Reset ${response.agent?.name ?? agent}. Enrol it again: crew agents enroll --name ${response.agent?.name ?? agent}`,
    ),
  ]);
}
