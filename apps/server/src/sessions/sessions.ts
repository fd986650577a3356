import type { SessionRequest, SessionResponse } from "@groundcrew/proto";
import { Code, ConnectError, type HandlerContext } from "@groundcrew/rpc";
import type { GuardedService } from "@groundcrew/rpc/server";
import { callerOf, type Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { superseded } from "../tokens/authenticate.ts";
import { Session } from "./session.ts";

/** What the sessions of a replica need of it. */
export type SessionsContext = Pick<ServerContext, "intervals" | "stopping">;

interface OpenSession {
  readonly caller: Caller;
  readonly session: Session;
}

/** The sessions of this replica, one for each agent. */
export class Sessions {
  readonly #context: SessionsContext;
  readonly #peer: GuardedService;
  readonly #open = new Map<string, OpenSession>();

  /** `peer`: PeerService behind its guard, the same as agents call. */
  constructor(context: SessionsContext, peer: GuardedService) {
    this.#context = context;
    this.#peer = peer;
    // One listener for all of them: each session is to cost next to nothing while it is idle.
    context.stopping.addEventListener("abort", () => this.#stop(), { once: true });
  }

  /** Serves the session that a call opens, until it ends. An earlier one of the same agent ends. */
  async *serve(requests: AsyncIterable<SessionRequest>, call: HandlerContext): AsyncGenerator<SessionResponse> {
    const caller = callerOf(call);
    if (this.#context.stopping.aborted) throw stopping();
    const heartbeatIntervalMs = this.#context.intervals.healthIntervalMs;
    const opened = { caller, session: new Session({ peer: this.#peer, call, heartbeatIntervalMs }) };
    this.#replace(opened);
    try {
      yield* opened.session.run(requests);
    } finally {
      if (this.#open.get(caller.agentId) === opened) this.#open.delete(caller.agentId);
    }
  }

  /** The guard let both in, so the one that opens is at least as new. */
  #replace(opened: OpenSession): void {
    const { agentId, generation } = opened.caller;
    const before = this.#open.get(agentId);
    this.#open.set(agentId, opened);
    if (!before) return;
    before.session.end(
      before.caller.generation === generation
        ? new ConnectError("the agent opened another session", Code.Unavailable)
        : superseded(before.caller.generation, generation),
    );
  }

  #stop(): void {
    for (const { session } of this.#open.values()) void session.stop("the server stops");
  }
}

function stopping(): ConnectError {
  return new ConnectError("the server stops; open another session", Code.Unavailable);
}
