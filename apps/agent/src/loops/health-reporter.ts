import { loadavg } from "node:os";
import {
  DesiredState,
  type CancelStage,
  type Directive,
  type Hold,
  type PowerOff,
  type ReportHealthResponse,
} from "@groundcrew/proto";
import type { Offer } from "../agent-options.ts";
import { Condition } from "../condition.ts";
import type { ServerLink } from "../connection/server-link.ts";
import type { HeldWorkflows } from "../workflows/held-workflows.ts";

/** What the health reporter works with. */
export interface HealthReporterOptions {
  link: ServerLink;
  held: HeldWorkflows;
  /** How often to report, in milliseconds. */
  intervalMs: number;
  /** This process's generation: directives for another one are acknowledged and ignored. */
  generation: string;
  capabilities: readonly string[];
  /** The agent's own log lines since the last call. */
  takeRecentLog: () => string[];
  /** Told when the operator has removed this agent. */
  onTerminated: () => void;
  /** Told how many workflows it may run at once; 0 by a server of an older release. */
  onCapacity: (capacity: number) => void;
  /** Told when the operator stops this process. */
  onShutDown: (reason: string) => void;
  /** Told with each answer how the machine is held. */
  onHold: (hold: Hold | undefined) => void;
  /** Told when the machine is to be switched off after this run. */
  onPowerOff: (order: PowerOff) => void;
}

/** Tells the server how the agent is, and hears what is wanted of it. */
export class HealthReporter {
  readonly #options: HealthReporterOptions;
  #acknowledged: string[] = [];
  #drained = false;
  #isHurried = false;
  /** What the server is still to hear. */
  #offer: Offer | undefined;
  readonly #offered = new Condition();

  constructor(options: HealthReporterOptions) {
    this.#options = options;
  }

  /** Reports at once and then at every interval, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#obey(await this.#report(false, signal));
      this.#isHurried = false;
      await this.#offered.until(() => this.#offer !== undefined || this.#isHurried, {
        signal,
        timeoutMs: this.#options.intervalMs,
      });
    }
  }

  /** Tells the server at once what the agent offers from now on, or as soon as it can be reached. */
  announce(offer: Offer): void {
    this.#offer = offer;
    this.#offered.notify();
  }

  /** Reports at once: the server has something to say. */
  hurry(): void {
    this.#isHurried = true;
    this.#offered.notify();
  }

  /** Says that this process ends as planned. */
  async sayBye(signal: AbortSignal): Promise<void> {
    await this.#report(true, signal);
  }

  async #report(bye: boolean, signal: AbortSignal): Promise<ReportHealthResponse> {
    const { link, held, capabilities, takeRecentLog } = this.#options;
    const acknowledged = this.#acknowledged;
    const recentLog = takeRecentLog();
    const offer = this.#offer;
    const answer = await link.untilAnswered(
      (client, how) =>
        client.reportHealth(
          {
            freeSlots: held.free,
            load1m: loadavg()[0] ?? 0,
            held: held.leases(),
            capabilities: [...capabilities],
            ackedDirectives: acknowledged,
            recentLog,
            bye,
            ...(offer && { offer }),
          },
          how,
        ),
      { signal },
    );
    this.#acknowledged = [];
    if (this.#offer === offer) this.#offer = undefined;
    return answer;
  }

  #obey({ desiredState, directives, capacity, hold }: ReportHealthResponse): void {
    if (desiredState === DesiredState.TERMINATED) this.#options.onTerminated();
    this.#options.onCapacity(capacity);
    this.#options.onHold(hold);
    for (const directive of directives) {
      if (directive.generation === this.#options.generation) this.#carryOut(directive);
      this.#acknowledged.push(directive.id);
    }
    this.#options.held.pause(this.#drained || desiredState === DesiredState.DRAINING);
  }

  #carryOut({ action }: Directive): void {
    if (action.case === "drain") this.#drained = true;
    if (action.case === "shutDown") this.#options.onShutDown(action.value.reason);
    if (action.case === "cancelStage") this.#stopStage(action.value);
    if (action.case === "powerOff") this.#options.onPowerOff(action.value);
  }

  /** Of the lease that it names, and of no other. */
  #stopStage({ stepRun, canceledBy }: CancelStage): void {
    if (stepRun) this.#options.held.find(stepRun.workflowId, stepRun.epoch)?.stopStage(stepRun, canceledBy);
  }
}
