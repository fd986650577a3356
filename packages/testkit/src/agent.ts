import { AgentConnection, TokenKind } from "@groundcrew/proto";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { atEnd, type Owner } from "./at-end.ts";
import { eventually } from "./eventually.ts";
import { temporaryFolder } from "./folder.ts";
import { killProcessesOf } from "./processes-of.ts";
import type { TestServer } from "./server.ts";
import { TestProcess, type Ended } from "./test-process.ts";

/** What an agent is to be. */
export interface AgentOptions {
  /** Default: a name of its own. */
  name?: string;
  /** Workflows at once. Default 2. */
  capacity?: number;
  /** Default: builds. */
  serves?: "build" | "vetting";
  /** How steps run. Default: local, for tests watch files that a sandbox keeps from steps. */
  backend?: "auto" | "sandbox" | "local" | "container";
  labels?: Readonly<Record<string, string>>;
  /** More flags, such as `["--drain-timeout", "1s"]`. */
  flags?: readonly string[];
  /** More variables. */
  env?: Readonly<Record<string, string>>;
  /** Where it dials: a fault proxy. Default: the server. */
  url?: string;
  /** Out of the reach of a Ctrl-C at the terminal, for an owner that ends it itself. Default: false. */
  ownGroup?: boolean;
}

/** Enrols an agent, starts it and waits until it is connected. It ends with its owner. */
export async function startAgent(owner: Owner, server: TestServer, options: AgentOptions = {}): Promise<TestAgent> {
  const folder = await temporaryFolder(owner, "agent");
  const agent = new TestAgent(owner, server, folder, options);
  atEnd(owner, () => agent.close());
  await agent.start(await enrolmentToken(server));
  return agent;
}

/** An enrolment token for one agent. */
export async function enrolmentToken({ operator }: TestServer): Promise<string> {
  const name = `enrol-${randomBytes(4).toString("hex")}`;
  return (await operator.createToken({ name, kind: TokenKind.ENROLMENT })).secret;
}

/** An agent process that may be stopped, killed and started again. */
export class TestAgent {
  readonly name: string;
  readonly #owner: Owner;
  readonly #server: TestServer;
  readonly #folder: string;
  readonly #options: AgentOptions;
  #process: TestProcess | undefined;
  #generation = 0n;
  #killed = false;

  constructor(owner: Owner, server: TestServer, folder: string, options: AgentOptions) {
    this.name = options.name ?? `agent-${randomBytes(4).toString("hex")}`;
    this.#owner = owner;
    this.#server = server;
    this.#folder = folder;
    this.#options = options;
  }

  /** The newest process. */
  get process(): TestProcess {
    if (!this.#process) throw new Error(`agent ${this.name} was never started`);
    return this.#process;
  }

  /** Its identity, its spools, its workspaces. */
  get stateDir(): string {
    return join(this.#folder, "state");
  }

  /** Starts it, the first time with a token, and waits until the server lists it as connected. */
  async start(token?: string): Promise<void> {
    await this.launch(token).whileRunning(this.#connected());
  }

  /** Starts it and waits for nothing: its server may be out of reach. */
  launch(token?: string): TestProcess {
    const process = new TestProcess({
      program: "agent",
      args: this.#flags(),
      env: this.#environment(token),
      ownGroup: this.#options.ownGroup ?? false,
    });
    this.#process = process;
    this.#killed = false;
    return process;
  }

  /** Asks it to drain and waits for its end. */
  async stop(): Promise<Ended> {
    return this.process.end("SIGTERM");
  }

  /** Ends it without a warning. What it ran is left to run, until it is started again or its owner ends. */
  async kill(): Promise<void> {
    this.#killed = true;
    await this.process.end("SIGKILL");
  }

  /** Kills it and starts it again. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Ends it if it runs. For the owner's end. */
  async close(): Promise<void> {
    // Without its server it would try for long to hand back what it has.
    if (!this.#server.isRunning && this.#process?.isRunning) return this.#killAll();
    // Nothing of its work is wanted any more: a second signal, another one lest they become one, makes it let go.
    this.#process?.signal("SIGINT");
    await this.#process?.close(this.#owner);
    if (this.#killed) await killProcessesOf(this.#folder);
  }

  async #killAll(): Promise<void> {
    await this.kill();
    await killProcessesOf(this.#folder);
  }

  #flags(): string[] {
    const {
      capacity = 2,
      serves = "build",
      backend = "local",
      labels = {},
      flags = [],
      url = this.#server.url,
    } = this.#options;
    const pairs = Object.entries(labels).flatMap(([key, value]) => ["--labels", `${key}=${value}`]);
    const trust = this.#server.fingerprint === "" ? [] : ["--fingerprint", this.#server.fingerprint];
    const own = ["--name", this.name, "--capacity", String(capacity), "--serves", serves, "--state-dir", this.stateDir];
    return ["--server", url, ...trust, ...own, "--backend", backend, ...pairs, ...flags];
  }

  #environment(token: string | undefined): Record<string, string> {
    return { ...(token !== undefined && { GROUNDCREW_AGENT_TOKEN: token }), ...this.#options.env };
  }

  async #connected(): Promise<void> {
    const what = `agent ${this.name} is connected`;
    this.#generation = await eventually(() => this.#newGeneration(), { what });
  }

  /** The generation of a process later than the last one, once it was heard of. */
  async #newGeneration(): Promise<bigint | undefined> {
    const { agents } = await this.#server.operator.listAgents({ page: { size: 1000 } });
    const agent = agents.find(({ name }) => name === this.name);
    if (agent?.connection !== AgentConnection.CONNECTED) return undefined;
    return BigInt(agent.generation) > this.#generation ? BigInt(agent.generation) : undefined;
  }
}
