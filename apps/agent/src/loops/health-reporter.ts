import { loadavg } from "node:os";
import { DesiredState, type Directive, type ReportHealthResponse } from "@groundcrew/proto";
import { delay } from "@groundcrew/rpc";
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
  /** Told when the operator stops this process. */
  onShutDown: (reason: string) => void;
}

/** Tells the server how the agent is, and hears what is wanted of it. */
export class HealthReporter {
  readonly #options: HealthReporterOptions;
  #acknowledged: string[] = [];
  #drained = false;

  constructor(options: HealthReporterOptions) {
    this.#options = options;
  }

  /** Reports at once and then at every interval, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#obey(await this.#report(false, signal));
      await delay(this.#options.intervalMs, signal);
    }
  }

  /** Says that this process ends as planned. */
  async sayBye(signal: AbortSignal): Promise<void> {
    await this.#report(true, signal);
  }

  async #report(bye: boolean, signal: AbortSignal): Promise<ReportHealthResponse> {
    const { link, held, capabilities, takeRecentLog } = this.#options;
    const acknowledged = this.#acknowledged;
    const recentLog = takeRecentLog();
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
          },
          how,
        ),
      { signal },
    );
    this.#acknowledged = [];
    return answer;
  }

  #obey({ desiredState, directives }: ReportHealthResponse): void {
    if (desiredState === DesiredState.TERMINATED) this.#options.onTerminated();
    for (const directive of directives) {
      if (directive.generation === this.#options.generation) this.#carryOut(directive);
      this.#acknowledged.push(directive.id);
    }
    this.#options.held.pause(this.#drained || desiredState === DesiredState.DRAINING);
  }

  #carryOut({ action }: Directive): void {
    if (action.case === "drain") this.#drained = true;
    if (action.case === "shutDown") this.#options.onShutDown(action.value.reason);
  }
}
