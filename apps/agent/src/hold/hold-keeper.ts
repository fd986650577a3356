import type { Hold } from "@groundcrew/proto";
import type { Log } from "../log.ts";
import { authorize } from "./authorized-keys.ts";

/** What the hold keeper works with. */
export interface HoldKeeperOptions {
  /** The authorized_keys file that a held machine's key goes into. Undefined: none does. */
  authorizedKeys: string | undefined;
  log: Log;
}

/**
 * Keeps the machine as the server says it is held. The server says so again with every health report, so neither a
 * restart of the agent nor an answer that was lost leaves a key behind, or a machine without it.
 */
export class HoldKeeper {
  readonly #options: HoldKeeperOptions;
  #work: Promise<void> = Promise.resolve();
  #told = "";

  constructor(options: HoldKeeperOptions) {
    this.#options = options;
  }

  /** The machine is held so now; undefined: it is not. Never fails. */
  apply(hold: Hold | undefined): Promise<void> {
    this.#work = this.#work.then(() => this.#apply(hold));
    return this.#work;
  }

  async #apply(hold: Hold | undefined): Promise<void> {
    const { authorizedKeys, log } = this.#options;
    this.#tell(hold);
    if (authorizedKeys === undefined) return;
    try {
      await authorize(authorizedKeys, hold?.sshPublicKey || undefined);
    } catch (error) {
      log.error({ err: error, file: authorizedKeys }, "the held machine's key cannot be let in or removed");
    }
  }

  /** Once for each hold, and once at its end. */
  #tell(hold: Hold | undefined): void {
    const { authorizedKeys, log } = this.#options;
    const now = hold ? `${hold.workflowId} ${hold.reason}` : "";
    if (now === this.#told) return;
    this.#told = now;
    if (!hold) return log.info("the machine is no longer held");
    const ssh = !hold.sshPublicKey
      ? "none"
      : authorizedKeys === undefined
        ? "off: --authorized-keys is not set"
        : authorizedKeys;
    log.warn(
      { workflowId: hold.workflowId, reason: hold.reason, ssh },
      "the machine is held until an operator decides",
    );
  }
}
