import type { Grant } from "@groundcrew/proto";
import { isOutage, pause, type LoadAgent } from "./agent.ts";

let polls = 0;

/** The question for this many workflows. */
export function question(freeSlots: number) {
  return { pollId: `p${(polls += 1)}`, freeSlots };
}

/** An agent's polls: one at a time, asked again when the server went away. */
export class Poll {
  readonly #agent: LoadAgent;
  #tries = 0;
  #open = false;
  /** Polls that were answered, with or without work. */
  answers = 0;

  constructor(agent: LoadAgent) {
    this.#agent = agent;
  }

  /** Asks until there is an answer. */
  async ask(freeSlots: number, signal: AbortSignal): Promise<Grant[]> {
    const asked = question(freeSlots);
    for (let again = false; ; again = true) {
      try {
        const { grants } = await this.#once({ ...asked, again });
        this.answers++;
        return grants;
      } catch (error) {
        if (signal.aborted || !isOutage(error)) throw error;
        await pause();
      }
    }
  }

  async #once(request: ReturnType<typeof question> & { again: boolean }) {
    this.#tries++;
    this.#open = true;
    try {
      return await this.#agent.lane.call("next", request);
    } finally {
      this.#open = false;
    }
  }

  /**
   * Resolves once the server has a poll of this agent: a health report that was sent after it, on the same connection,
   * was answered, and the poll is still the same.
   */
  async untilHeld(): Promise<void> {
    for (;;) {
      const tries = this.#tries;
      const reported = this.#open && (await this.#agent.reportHealth().then(() => true, forgive));
      if (reported && this.#open && tries === this.#tries) return;
      await pause();
    }
  }
}

function forgive(error: unknown): false {
  if (!isOutage(error)) throw error;
  return false;
}
