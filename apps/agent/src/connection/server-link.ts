import { backoffDelays, Code, ConnectError, createClient, detailOf, isRetryable } from "@groundcrew/rpc";
import type { Client, Transport } from "@groundcrew/rpc";
import { PeerService, SupersededSchema } from "@groundcrew/proto";
import { ExitCode, FatalError } from "../exit.ts";
import type { Log } from "../log.ts";
import { Outage } from "./outage.ts";
import { PreferredLane } from "./preferred-lane.ts";

/** The agent's side of PeerService. */
export type PeerClient = Client<typeof PeerService>;

/** What the answer to a call that the server holds may take beyond the hold, in milliseconds. */
export const ANSWER_MS = 15_000;

/** What one call is made with. */
export interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
}

/** How to reach the server. */
export interface ServerLinkOptions {
  transport: Transport;
  log: Log;
  /** Told once, when the server no longer wants this agent: everything must stop. */
  onRefused?: (error: FatalError) => void;
  /** A number in [0, 1). Default: Math.random. */
  random?: () => number;
}

// The first pause bridges a hiccup; with the last one, ten thousand agents mean a thousand calls a second to a server
// that is away. The first of an agent's calls that is answered brings the others back at once.
const BACKOFF = { minMs: 100, maxMs: 10_000 };

/** Calls to the server that outlive its outages, on a session where there is one. */
export class ServerLink {
  readonly #client: PeerClient;
  readonly #options: ServerLinkOptions;
  readonly #outage: Outage;
  readonly #way: PreferredLane;
  #maxPauseMs = BACKOFF.maxMs;
  #refused = false;

  constructor(options: ServerLinkOptions) {
    const { transport: calls, log, random } = options;
    this.#options = options;
    this.#outage = new Outage({ log, random });
    const onDismissed = (reason: string): void => this.#refuse(dismissed(reason));
    this.#way = new PreferredLane({ calls, outage: this.#outage, log, onDismissed, random });
    this.#client = createClient(PeerService, this.#way);
  }

  /**
   * From now on tries again often enough to keep leases of this length: a server that was away for less than half of it
   * counts that time, and the last renewal may be a third old. What is left is a sixth; half of that is for the pause.
   */
  keepLeasesOf(leaseTtlMs: number): void {
    this.#maxPauseMs = Math.max(BACKOFF.minMs, Math.min(BACKOFF.maxMs, leaseTtlMs / 12));
  }

  /** Keeps a session open, which a registered agent may, until the signal aborts; then rejects with its reason. */
  keepSession(signal: AbortSignal): Promise<void> {
    return this.#way.keepOpen(signal);
  }

  /**
   * Repeats a call until the server has answered it. Throws the server's refusal, and the signal's reason when it
   * aborts. `call` is invoked anew for each try, so it may send what is true then.
   */
  async untilAnswered<T>(call: (client: PeerClient, options: CallOptions) => Promise<T>, options: CallOptions = {}) {
    let delays = this.#backoff();
    for (;;) {
      try {
        options.signal?.throwIfAborted();
        return await this.#once(call, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!worthRepeating(error)) throw error;
        if (await this.#outage.pause(delays.next().value, options.signal)) delays = this.#backoff();
      }
    }
  }

  #backoff() {
    const { random } = this.#options;
    return backoffDelays({ ...BACKOFF, maxMs: this.#maxPauseMs, ...(random && { random }) });
  }

  async #once<T>(call: (client: PeerClient, options: CallOptions) => Promise<T>, options: CallOptions): Promise<T> {
    try {
      const answer = await call(this.#client, options);
      this.#outage.over();
      return answer;
    } catch (error) {
      if (!options.signal?.aborted) this.#note(error);
      throw error;
    }
  }

  #note(error: unknown): void {
    const refusal = refusalOf(error);
    if (refusal) this.#refuse(refusal);
    if (worthRepeating(error)) this.#outage.failed(error);
    else this.#outage.over();
  }

  #refuse(refusal: FatalError): void {
    if (this.#refused) return;
    this.#refused = true;
    this.#options.onRefused?.(refusal);
  }
}

function dismissed(reason: string): FatalError {
  return new FatalError(ExitCode.REFUSED, `the server ended this agent's session for good: ${reason}`);
}

// The caller did not cancel, so a CANCELED or a bare ABORTED came from the way between.
function worthRepeating(error: unknown): boolean {
  if (isRetryable(error)) return true;
  if (!(error instanceof ConnectError)) return false;
  return error.code === Code.Canceled || (error.code === Code.Aborted && !detailOf(error, SupersededSchema));
}

const ENROL_ANEW = "to enrol it anew, delete identity.json in its state directory and start it with a new token";

/** The reason to stop for good, when the server no longer wants this agent. */
function refusalOf(error: unknown): FatalError | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const refused = (message: string) => new FatalError(ExitCode.REFUSED, message, { cause: error });
  if (detailOf(error, SupersededSchema)) {
    return refused("a newer process registered as this agent; this one stops and must not be restarted");
  }
  if (error.code === Code.Unauthenticated || error.code === Code.PermissionDenied) {
    return refused(`the server refused this agent's credential: ${error.rawMessage}; ${ENROL_ANEW}`);
  }
  if (error.code === Code.AlreadyExists) {
    return refused(
      `the server already knows an agent of this name: ${error.rawMessage}; ` +
        "choose another --name, start it with its own --state-dir, or run `crew agents reset NAME` first",
    );
  }
  return undefined;
}
