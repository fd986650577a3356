import type { Socket } from "node:net";

/** Which way bytes go through a proxy. */
export type Direction = "questions" | "answers";

/** What a flow asks its proxy at each turn. */
export interface FlowRules {
  slowMs: () => number;
  isStalled: () => boolean;
  /** Told when something is held back because the flow is stalled. */
  onHeld: () => void;
}

interface Part {
  what: Buffer | "close";
  dueMs: number;
}

/** One direction of one connection through a proxy: parts in order, each passed on when it is due and nothing stalls. */
export class ProxyFlow {
  readonly #to: Socket;
  readonly #rules: FlowRules;
  #parts: Part[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Socket, rules: FlowRules) {
    this.#to = to;
    this.#rules = rules;
  }

  /** Takes what the one end sent, for the other. */
  take(what: Part["what"]): void {
    this.#parts.push({ what, dueMs: performance.now() + this.#rules.slowMs() });
    if (this.#rules.isStalled()) this.#rules.onHeld();
    this.pump();
  }

  /** Passes on what may go. */
  pump(): void {
    clearTimeout(this.#timer);
    while (!this.#rules.isStalled()) {
      const [part] = this.#parts;
      if (!part) return;
      const waitMs = part.dueMs - performance.now();
      if (waitMs > 0) return void (this.#timer = setTimeout(() => this.pump(), waitMs));
      this.#parts.shift();
      if (part.what === "close") this.#to.destroy();
      else this.#to.write(part.what);
    }
  }

  /** Forgets what it holds. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#parts = [];
  }
}
