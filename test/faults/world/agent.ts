import {
  processesOf,
  startAgent,
  startProxy,
  temporaryFolder,
  type FaultProxy,
  type Owner,
  type TestAgent,
} from "@groundcrew/testkit/processes";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { agentLabels, agentName } from "../workload.ts";
import type { Replica } from "./replica.ts";
import type { Supervisor } from "./supervisor.ts";

const STEP = fileURLToPath(new URL("../programs/step.sh", import.meta.url));
const CLOCK = new URL("../programs/clock.ts", import.meta.url).href;

/** How long a drain may take before what runs is handed back, and a step has to end, in milliseconds. */
const DRAIN_MS = 1_000;
const KILL_GRACE_MS = 1_000;

/** The longest that an agent may take to end after SIGTERM: that, and its own 10 s for handing back and 3 s for bye. */
export const DRAIN_LIMIT_MS = DRAIN_MS + KILL_GRACE_MS + 10_000 + 3_000;

/** One agent process, with a proxy between it and the servers, and a clock that can be set. */
export class FaultAgent {
  readonly name: string;
  /** Between it and the servers. */
  readonly link: FaultProxy;
  readonly #agent: TestAgent;
  readonly #clockFile: string;
  readonly #supervisor: Supervisor;

  private constructor(agent: TestAgent, link: FaultProxy, clockFile: string, supervisor: Supervisor) {
    this.name = agent.name;
    this.link = link;
    this.#agent = agent;
    this.#clockFile = clockFile;
    this.#supervisor = supervisor;
    this.#watch();
  }

  /** Enrols one and starts it. */
  static async start(owner: Owner, index: number, options: AgentSurroundings): Promise<FaultAgent> {
    const { replicas, outputs, supervisor } = options;
    const [first] = replicas;
    if (!first) throw new Error("an agent needs a server");
    const link = await startProxy(owner, ...replicas.map(({ server }) => server.url));
    const clockFile = join(await temporaryFolder(owner, "clock"), "off-ms");
    await writeFile(clockFile, "0");
    const agent = await startAgent(owner, first.server, {
      name: agentName(index),
      labels: agentLabels(index),
      url: link.url,
      flags: [
        `--drain-timeout=${DRAIN_MS}ms`,
        `--kill-grace=${KILL_GRACE_MS}ms`,
        `--step-env=STEP=${STEP}`,
        `--step-env=OUTPUTS=${outputs}`,
      ],
      env: { NODE_OPTIONS: `--import=${CLOCK}`, CLOCK_FILE: clockFile },
      ownGroup: true,
    });
    return new FaultAgent(agent, link, clockFile, supervisor);
  }

  get isRunning(): boolean {
    return this.#agent.process.isRunning;
  }

  /** Ends it without a warning. Its steps go on. */
  async kill(): Promise<void> {
    this.#supervisor.forgive(this.#agent.process);
    await this.#agent.kill();
  }

  /** Starts it again, unless it runs. */
  start(): void {
    if (this.isRunning || this.#supervisor.isClosing) return;
    this.#agent.launch();
    this.#watch();
  }

  /** Resolves once it has registered: true. Or it has ended: false. */
  untilRegistered(): Promise<boolean> {
    const registered = this.#agent.process.said("registered; asking for work");
    return registered.then(
      () => true,
      () => false,
    );
  }

  /** Tells it to drain and waits for its end. Returns its exit code. */
  async drain(): Promise<number | undefined> {
    // One that is only starting does not listen to signals yet.
    await this.#agent.process.said("").catch(() => undefined);
    this.#supervisor.forgive(this.#agent.process);
    return (await this.#agent.stop()).exitCode;
  }

  freeze(): void {
    this.#agent.process.freeze();
  }

  thaw(): void {
    this.#agent.process.thaw();
  }

  /** Sets its clock this far off, for this process and its next ones. */
  async jumpClock(byMs: number): Promise<void> {
    await writeFile(this.#clockFile, String(byMs));
    // One that is only starting would be ended by the signal, and reads the file anyway.
    if (this.isRunning && this.#agent.process.lines.length > 0) this.#agent.process.nudge("SIGUSR2");
  }

  /** Whether it has neither workflows nor log lines that it must send. */
  async isIdle(): Promise<boolean> {
    if (!this.isRunning) return false;
    const left = await Promise.all(["held", "spool"].map((name) => readdir(join(this.#agent.stateDir, name))));
    return left.every((names) => names.length === 0);
  }

  /** Processes of steps and workspaces that are there, for messages. None while nothing runs. */
  async leftovers(): Promise<string[]> {
    const { stateDir, process } = this.#agent;
    const processes = (await processesOf(stateDir)).filter(({ pid }) => pid !== process.pid);
    const workspaces = await readdir(join(stateDir, "work"));
    return [...processes.map(({ command }) => command), ...workspaces].map((what) => `${this.name}: ${what}`);
  }

  #watch(): void {
    this.#supervisor.watch(this.name, this.#agent.process, async () => this.start());
  }
}

interface AgentSurroundings {
  replicas: readonly Replica[];
  /** Where steps write what they do. */
  outputs: string;
  supervisor: Supervisor;
}
