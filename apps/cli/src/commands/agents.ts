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
import { ExitCode } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { collect, noteList } from "../paging.ts";
import { confirm } from "../prompt.ts";
import { renderFields } from "../render/fields.ts";
import { connectionLook } from "../render/looks.ts";
import { agentTable, ageText, kindText, pairsText, timeText } from "../render/tables.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { parseMs, withExamples, withList, withOutput, type Run } from "./command.ts";

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
  withOutput(agents.command("reset"))
    .description("Forgets an agent's credential, so that its name can be enrolled anew. What it runs ends by policy.")
    .argument("<agent>", "an agent's name or id")
    .option("-y, --yes", "do not ask")
    .action(run(reset));
}

function addEnroll(agents: Command, run: Run): void {
  const enroll = withOutput(agents.command("enroll"))
    .description("Makes an enrolment token and prints the one line to paste on a new machine.")
    .option("--name <name>", "the agent's name (default: the machine's host name)")
    .addOption(new Option("--serves <kind>", "what the agent does").choices(["build", "vetting"]).default("build"))
    .option("--ttl <duration>", "how long the token can be used, such as 30m (default: an hour)", parseMs)
    .option("--reusable", "let the token enrol more than one agent")
    .action(run(enrol));
  withExamples(enroll, ["crew agents enroll", "ssh build-7 groundcrew/bin/$(crew agents enroll --name build-7)"]);
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
    ["busy", `${agent.busy} of ${agent.capacity}`],
    ["workflows", agent.workflowIds.join(", ")],
    ["load", agent.load1m.toFixed(2)],
    ["labels", pairsText(agent.labels)],
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

interface EnrolOptions {
  name?: string;
  serves: string;
  ttl?: number;
  reusable?: boolean;
}

async function enrol(session: Session, { name, serves, ttl = 0, reusable = false }: EnrolOptions): Promise<void> {
  const operator = await session.operator();
  const who = await operator.whoAmI({}, session.call);
  const request = {
    name: `enroll-${name ?? serves}-${randomBytes(3).toString("hex")}`.slice(0, 63),
    kind: TokenKind.ENROLMENT,
    ttlSeconds: Math.ceil(ttl / 1000),
    reusable,
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

function validity(reusable: boolean, until: string): string {
  const many = reusable ? "any number of agents" : "one agent";
  return `It enrols ${many}${until === "" ? "" : ` until ${until}`}. Whoever has it can enrol: keep it to yourself.`;
}

async function reset(session: Session, { yes = false }: { yes?: boolean }, agent: string): Promise<void> {
  const operator = await session.operator();
  if (!yes) await askToReset(session, agent);
  const response = await operator.resetAgent({ agent }, session.call);
  session.show(ResetAgentResponseSchema, response, () => [
    visible(
      `Reset ${response.agent?.name ?? agent}. Enrol it again: crew agents enroll --name ${response.agent?.name ?? agent}`,
    ),
  ]);
}

async function askToReset(session: Session, agent: string): Promise<void> {
  if (!session.io.stdin.isTTY) throw usage("nobody is here to confirm the reset", "say --yes");
  if (await confirm(session.io, `Reset ${visible(agent)} and end what it runs?`)) return;
  throw new Failure("not reset", { exitCode: ExitCode.failure });
}
