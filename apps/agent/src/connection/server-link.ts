import { backoffDelays, Code, ConnectError, createClient, delay, detailOf, isRetryable } from "@groundcrew/rpc";
import type { Client, Transport } from "@groundcrew/rpc";
import { PeerService, SupersededSchema } from "@groundcrew/proto";
import { ExitCode, FatalError } from "../exit.ts";
import type { Log } from "../log.ts";
import { Outage } from "./outage.ts";

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

// The first pause bridges a hiccup; the last one is how soon an agent is back after a long outage, and with ten
// thousand agents means a thousand calls a second.
const BACKOFF = { minMs: 100, maxMs: 10_000 };

/** Calls to the server that outlive its outages. */
export class ServerLink {
  readonly #client: PeerClient;
  readonly #options: ServerLinkOptions;
  readonly #outage: Outage;
  #refused = false;

  constructor(options: ServerLinkOptions) {
    this.#options = options;
    this.#client = createClient(PeerService, options.transport);
    this.#outage = new Outage(options.log);
  }

  /**
   * Repeats a call until the server has answered it. Throws the server's refusal, and the signal's reason when it
   * aborts. `call` is invoked anew for each try, so it may send what is true then.
   */
  async untilAnswered<T>(call: (client: PeerClient, options: CallOptions) => Promise<T>, options: CallOptions = {}) {
    const delays = backoffDelays({ ...BACKOFF, ...(this.#options.random && { random: this.#options.random }) });
    for (;;) {
      try {
        options.signal?.throwIfAborted();
        return await this.#once(call, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!worthRepeating(error)) throw error;
        await delay(delays.next().value, options.signal);
      }
    }
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
    if (refusal && !this.#refused) {
      this.#refused = true;
      this.#options.onRefused?.(refusal);
    }
    if (worthRepeating(error)) this.#outage.failed(error);
    else this.#outage.over();
  }
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
