import {
  launchServer,
  startAgent,
  type AgentOptions,
  type Owner,
  type TestAgent,
  type TestServer,
} from "@groundcrew/testkit/processes";
import type { KeptLogs } from "./kept.ts";

/** How to start the demo's programs. */
export interface FleetOptions {
  owner: Owner;
  logs: KeptLogs;
  /** Variables of every build step. */
  stepEnv: Readonly<Record<string, string>>;
  /** Tells that something starts or has started. */
  tell: (name: string, what: string) => void;
  /** No more is started once it is aborted. */
  signal: AbortSignal;
}

/** The server and the agents, each a process. */
export interface Fleet {
  readonly server: TestServer;
  readonly agents: ReadonlyMap<string, TestAgent>;
  /** Ends the server or an agent with SIGKILL and starts it again: the same ports, identity and state. */
  killAndRestart(name: string, program: TestServer | TestAgent): Promise<void>;
}

/** The agent that vets this machine. */
export const VETTING_AGENT = "vetting-1";

/** At the end nothing of what a step does is wanted any more. */
const QUICK_END = ["--kill-grace", "1s"];

/** Starts the server, then the agents. All end with their owner. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const server = await startServer(options);
  const stepEnv = Object.entries(options.stepEnv).flatMap(([name, value]) => ["--step-env", `${name}=${value}`]);
  const flags = [...QUICK_END, ...stepEnv];
  const agents = await Promise.all([
    startOne(server, { name: "build-1", flags }, options),
    startOne(server, { name: "build-2", flags }, options),
    startOne(server, { name: VETTING_AGENT, serves: "vetting", flags: QUICK_END }, options),
  ]);
  const killAndRestart: Fleet["killAndRestart"] = async (name, program) => {
    await program.restart();
    options.logs.keep(name, program.process);
  };
  return { server, agents: new Map(agents.map((agent) => [agent.name, agent])), killAndRestart };
}

async function startServer({ owner, logs, tell, signal }: FleetOptions): Promise<TestServer> {
  tell("server", "starts, and with it a Postgres of its own");
  signal.throwIfAborted();
  const server = await launchServer(owner, { ownGroup: true });
  logs.keep("server", server.process);
  tell("server", `is ready at ${server.url}`);
  return server;
}

async function startOne(server: TestServer, options: AgentOptions, fleet: FleetOptions): Promise<TestAgent> {
  fleet.signal.throwIfAborted();
  const agent = await startAgent(fleet.owner, server, { ...options, ownGroup: true });
  fleet.logs.keep(agent.name, agent.process);
  fleet.tell(
    agent.name,
    options.serves === "vetting" ? "is connected, for this machine's hardware" : "is connected, with 2 slots",
  );
  return agent;
}
