import type { Backend } from "@groundcrew/engine";
import { DEFAULT_LIMITS } from "@groundcrew/engine/limits";
import { DesiredState, type Grant, type PowerOff, type RegisterAgentResponse } from "@groundcrew/proto";
import type { DialOptions } from "@groundcrew/rpc";
import type { AgentOptions, Offer } from "./agent-options.ts";
import { connect } from "./connection/connect.ts";
import { describeAgent } from "./connection/describe-agent.ts";
import { register, terminated, type AgentDescription } from "./connection/register.ts";
import { ServerLink } from "./connection/server-link.ts";
import { openAgentBackend } from "./workflows/open-agent-backend.ts";
import { ExitCode, FatalError } from "./exit.ts";
import type { Log } from "./log.ts";
import { HoldKeeper } from "./hold/hold-keeper.ts";
import { HealthReporter } from "./loops/health-reporter.ts";
import { keepLeases } from "./loops/lease-keeper.ts";
import { poll } from "./loops/poller.ts";
import { endLeftovers, findLeftSpools, sendLeftSpools } from "./loops/recovery.ts";
import { Credentials } from "./state/credentials.ts";
import { openStateDirectory, type StateDirectory } from "./state/state-directory.ts";
import { HeldWorkflows } from "./workflows/held-workflows.ts";
import { builtInStageProgram } from "./workflows/stage-program.ts";
import type { RunEnvironment } from "./workflows/run-context.ts";
import { WorkflowRun } from "./workflows/workflow-run.ts";

// Handing back takes a kill and a few calls; a server that is away must not keep the process for longer.
const HAND_BACK_MS = 10_000;
const BYE_MS = 3_000;
const CLEANUP_TIMEOUT_MS = 300_000;

/** What an agent has once it is registered. */
interface Service {
  state: StateDirectory;
  credentials: Credentials;
  link: ServerLink;
  log: Log;
  agent: AgentDescription;
  registration: RegisterAgentResponse;
  backend: Backend;
  /** Spools that earlier processes left. */
  left: readonly string[];
}

/** An agent process: takes work from one server until it is drained, or just once. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #held: HeldWorkflows;
  readonly #draining = new AbortController();
  readonly #stopping = new AbortController();
  readonly #failed = new AbortController();
  /** Aborted when it asks for no more work, and yet is not to hurry with what it has. */
  readonly #satisfied = new AbortController();
  readonly #started = Promise.withResolvers<void>();
  #generation: string | undefined;
  #health: HealthReporter | undefined;
  /** The machine is switched off once this process has let go of everything. */
  #switchedOff = false;
  /** What it offers since its configuration was read again. */
  #offer: Offer | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#held = new HeldWorkflows(options.capacity);
  }

  /** Resolves once it is registered and asks for work. Stays pending when it ends before. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Runs until drained. Throws a FatalError when it cannot start or go on, or the server does not want it any more. */
  async run(): Promise<void> {
    const state = await openStateDirectory(this.#options.stateDirectory);
    try {
      await this.#runIn(state);
    } catch (error) {
      this.#failed.signal.throwIfAborted();
      if (error !== this.#draining.signal.reason) throw error;
    } finally {
      await state.close();
    }
    if (this.#switchedOff) await this.#options.powerOff?.();
  }

  /** Offers something else from now on; what runs goes on. The server may have been told otherwise by its operator. */
  reoffer(offer: Offer): void {
    this.#offer = offer;
    this.#health?.announce(offer);
  }

  /** Takes no more work, finishes what runs or hands it back at the drain timeout, and ends. Idempotent. */
  drain(): void {
    this.#draining.abort(new Error("draining"));
    this.#held.changed.notify();
  }

  /** Hands back what runs at once, and ends. Idempotent. */
  stop(): void {
    this.#stopping.abort(new Error("stopping"));
    this.drain();
  }

  #fail(error: FatalError): void {
    this.#failed.abort(error);
    this.#held.changed.notify();
  }

  async #runIn(state: StateDirectory): Promise<void> {
    const { server, name, token } = this.#options;
    const credentials = await Credentials.load({ file: state.identityFile, server, name, token });
    const { log, identify } = this.#options.log;
    identify(credentials.ids);
    const backend = await openAgentBackend(this.#options, log);
    await endLeftovers(state, backend, log);
    const left = await findLeftSpools(state);
    const ended = AbortSignal.any([this.#draining.signal, this.#failed.signal]);
    const connection = await connect(this.#dialOptions(credentials), log, ended);
    try {
      const link = new ServerLink({ transport: connection.transport, log, onRefused: (error) => this.#fail(error) });
      const agent = await describeAgent(this.#options, credentials.name, backend.name);
      const registration = await register(link, agent, ended);
      this.#generation = registration.generation;
      link.keepLeasesOf(registration.leaseTtlMs);
      await credentials.enrolled(registration);
      identify({ ...credentials.ids, generation: registration.generation });
      await this.#serve({ state, credentials, link, log, agent, registration, backend, left });
    } finally {
      connection.close();
    }
  }

  #dialOptions(credentials: Credentials): DialOptions {
    const { server, ca, fingerprint } = this.#options;
    const headers = () => (this.#generation === undefined ? {} : { "groundcrew-generation": this.#generation });
    const trust = { ...(ca !== undefined && { ca }), ...(fingerprint !== undefined && { fingerprint }) };
    return { url: server, token: () => credentials.token, headers, ...trust };
  }

  async #serve(service: Service): Promise<void> {
    const { log, registration } = service;
    const loops = new AbortController();
    const health = this.#healthReporter(service);
    this.#health = health;
    if (this.#offer) health.announce(this.#offer);
    this.#held.pause(registration.desiredState === DesiredState.DRAINING);
    this.#resize(registration.capacity);
    const tasks = this.#startLoops(service, health, loops.signal);
    log.info({ server: this.#options.server }, "registered; asking for work");
    this.#started.resolve();
    try {
      await this.#held.changed.until(() => this.#draining.signal.aborted || this.#failed.signal.aborted);
      await this.#letGo(log);
    } finally {
      loops.abort(new Error("the agent has ended"));
      await Promise.all(tasks);
    }
    this.#failed.signal.throwIfAborted();
    // Last of all: a health report that came after it would undo it.
    if (!this.#options.once || !(await leave(service))) {
      await health.sayBye(AbortSignal.timeout(BYE_MS)).catch(() => log.warn("could not say bye to the server"));
    }
    log.info("drained");
  }

  #startLoops(service: Service, health: HealthReporter, signal: AbortSignal): Promise<void>[] {
    const { link, log, state, left, registration } = service;
    const { pollHoldMs, extendIntervalMs, logBatchMaxBytes } = registration;
    const held = this.#held;
    const polling = AbortSignal.any([signal, this.#draining.signal, this.#satisfied.signal]);
    const accept = this.#acceptor(service);
    return [
      this.#watch(link.keepSession(signal), signal),
      this.#watch(poll({ link, held, pollHoldMs, accept }, polling), polling),
      this.#watch(keepLeases({ link, held, intervalMs: extendIntervalMs }, signal), signal),
      this.#watch(health.run(signal), signal),
      this.#watch(sendLeftSpools({ state, left, link, log, maxBytes: logBatchMaxBytes }, signal), signal),
    ];
  }

  /** A loop that breaks, other than by its signal, ends the agent: half an agent helps nobody. */
  async #watch(loop: Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await loop;
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#fail(new FatalError(ExitCode.FAULT, `the agent cannot go on: ${message}`, { cause: error }));
    }
  }

  #acceptor({ link, log, state, agent, registration, backend }: Service): (grant: Grant) => void {
    const { stepEnv, killGraceMs, cleanupTimeoutMs = CLEANUP_TIMEOUT_MS, logLimits } = this.#options;
    const { keepWorkspaces = "never", stageProgram = builtInStageProgram() } = this.#options;
    const { listedStages = [], destructiveTests = false } = this.#options;
    const { logIntervalMs, logBatchMaxBytes, pollHoldMs } = registration;
    const { archiveLimits = DEFAULT_LIMITS } = this.#options;
    const limits = { killGraceMs, cleanupTimeoutMs, logLimits, archiveLimits };
    const { token, crashSources } = this.#options;
    const vetting = { secrets: token === undefined ? [] : [token], ...(crashSources && { crashSources }) };
    const stages = { stageProgram, listedStages, destructiveTests };
    const own = { agentName: agent.name, stepEnv, ...limits, ...stages, keepWorkspaces, ...vetting };
    const settings = { ...own, logIntervalMs, logBatchMaxBytes, pollHoldMs };
    const onHold = () => this.#health?.hurry();
    const environment: RunEnvironment = { link, log, state, backend, settings, onHold };
    return (grant) => {
      // A grant that is not started is given to somebody else.
      if (this.#satisfied.signal.aborted) return;
      if (this.#options.once) this.#satisfied.abort(new Error("it takes one workflow"));
      void this.#hold(new WorkflowRun(grant, environment));
    };
  }

  async #hold(run: WorkflowRun): Promise<void> {
    this.#held.add(run);
    await run.run();
    this.#held.remove(run);
    if (this.#options.once) this.drain();
  }

  // An older server says nothing of it, and one workflow is one.
  #resize(capacity: number): void {
    if (capacity > 0 && !this.#options.once) this.#held.resize(capacity);
  }

  #healthReporter({ link, log, agent, registration }: Service): HealthReporter {
    const holds = new HoldKeeper({ authorizedKeys: this.#options.authorizedKeys, log });
    return new HealthReporter({
      link,
      held: this.#held,
      intervalMs: registration.healthIntervalMs,
      generation: registration.generation,
      capabilities: agent.capabilities,
      takeRecentLog: this.#options.log.takeRecent,
      onCapacity: (capacity) => this.#resize(capacity),
      onTerminated: () => this.#fail(terminated()),
      onShutDown: (reason) => {
        log.info({ reason }, "the operator stops this agent");
        this.drain();
      },
      onHold: (hold) => void holds.apply(hold),
      onPowerOff: (order) => this.#powerOff(order, log),
    });
  }

  /** Switches the machine off after what this process has left to do for the run, unless it has another meanwhile. */
  #powerOff({ workflowId, reason }: PowerOff, log: Log): void {
    const isBusy = this.#held.leases().some((lease) => lease.workflowId !== workflowId);
    const why = isBusy ? "it has other work by now" : "its settings do not allow it";
    if (isBusy || this.#options.powerOff === undefined) {
      return log.warn({ workflowId, reason }, `the server asks to switch this machine off, which is ignored: ${why}`);
    }
    log.info({ workflowId, reason }, "this machine is switched off now");
    this.#switchedOff = true;
    this.drain();
  }

  /** Waits for what runs, less and less patiently. */
  async #letGo(log: Log): Promise<void> {
    const held = this.#held;
    const { drainTimeoutMs, killGraceMs } = this.#options;
    const isOver = () => held.isEmpty || this.#failed.signal.aborted;
    const workflows = held.leases().length;
    if (workflows > 0 && !isOver()) log.info({ workflows, drainTimeoutMs }, "draining: finishing what runs");
    await held.changed.until(() => isOver() || this.#stopping.signal.aborted, { timeoutMs: drainTimeoutMs });
    if (!isOver()) held.stop({ kind: "handed_back" });
    await held.changed.until(isOver, { timeoutMs: killGraceMs + HAND_BACK_MS });
    held.stop({ kind: "abandoned" });
    await held.changed.until(() => held.isEmpty);
  }
}

/** Leaves the server for good: nobody will use this identity again. False when the server does not let it. */
async function leave({ link, log, credentials }: Service): Promise<boolean> {
  const signal = AbortSignal.timeout(HAND_BACK_MS);
  try {
    await link.untilAnswered((client, how) => client.unregisterAgent({}, how), { signal });
    await credentials.forget();
    return true;
  } catch (error) {
    log.warn({ err: error }, "could not leave the server for good; remove this agent with crew agents terminate");
    return false;
  }
}
