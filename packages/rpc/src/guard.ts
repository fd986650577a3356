import { isMessage, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { Code, ConnectError, createContextKey } from "@connectrpc/connect";
import { Access } from "@groundcrew/proto";
import { randomUUID } from "node:crypto";
import { accessOf, permits, type Principal } from "./access.ts";
import { toConnectError } from "./errors.ts";

/**
 * Finds out who calls. Throws a ConnectError with UNAUTHENTICATED for a credential that is unknown, expired or
 * revoked; answers anonymous when there is none.
 */
export type Authenticate = (header: Headers) => Promise<Principal>;

/** What a call came to, for logs and metrics. */
export interface CallReport {
  requestId: string;
  service: string;
  method: string;
  principal: Principal;
  /** What was asked. Absent where the caller streams, or was refused before anything was decoded. */
  request?: Message;
  durationMs: number;
  /** Absent: the call succeeded. */
  error?: ConnectError;
}

/** A service with its implementation, ready for either transport. */
export interface MountedService {
  readonly service: DescService;
  readonly implementation: ServiceImpl<DescService>;
}

/** A mounted service behind its guard. */
export interface GuardedService extends MountedService {
  /** Refuses a caller before anything of the request is decoded. The handlers ask again where nobody asked. */
  admit: (method: DescMethod, context: HandlerContext) => Promise<void>;
}

/** What every call passes through. */
export interface GuardOptions {
  authenticate: Authenticate;
  /** Told about each call once it has ended. */
  onCall?: (report: CallReport) => void;
}

/** Pairs a service with its implementation. */
export function mount<S extends DescService>(service: S, implementation: ServiceImpl<S>): MountedService {
  return { service, implementation };
}

/** Checks nothing: for tests and tools that serve no credentials. Every rpc is permitted, the caller is anonymous. */
export const anonymous: Authenticate = () => Promise.resolve({ kind: "anonymous" });

const principalKey = createContextKey<Principal>({ kind: "anonymous" });

/** Who makes the call that this handler answers. */
export function principalOf(context: HandlerContext): Principal {
  return context.values.get(principalKey);
}

/**
 * The same service behind authentication, the access each rpc declares, and one place that turns faults into errors.
 * Throws when an rpc declares no access.
 */
export function guard({ service, implementation }: MountedService, options: GuardOptions): GuardedService {
  const guarded = service.methods.map((method) => {
    const handler = (implementation as Record<string, Handler | undefined>)[method.localName];
    if (!handler) throw new Error(`${service.typeName}.${method.name} has no implementation`);
    return [method.localName, guardMethod(method, handler.bind(implementation), options)];
  });
  return {
    service,
    implementation: Object.fromEntries(guarded) as ServiceImpl<DescService>,
    admit: (method, context) => new GuardedCall(method, accessOf(method), context, options).admit(),
  };
}

// Who calls is asked once for a call, and once for a stream with all the calls that it carries.
const authenticatedKey = createContextKey(false);

type Handler = (request: never, context: HandlerContext) => unknown;

function guardMethod(method: DescMethod, handler: Handler, options: GuardOptions): Handler {
  const needed = accessOf(method);
  const streams = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
  const call = (request: unknown, context: HandlerContext): GuardedCall =>
    new GuardedCall(method, needed, context, options, request);
  return streams
    ? (request, context) => call(request, context).stream(() => handler(request, context) as AsyncIterable<unknown>)
    : (request, context) => call(request, context).unary(() => handler(request, context));
}

class GuardedCall {
  readonly #method: DescMethod;
  readonly #needed: Access;
  readonly #context: HandlerContext;
  readonly #options: GuardOptions;
  readonly #request: Message | undefined;
  readonly #requestId = randomUUID();
  readonly #startedMs = performance.now();

  constructor(method: DescMethod, needed: Access, context: HandlerContext, options: GuardOptions, request?: unknown) {
    this.#method = method;
    this.#needed = needed;
    this.#context = context;
    this.#options = options;
    this.#request = isMessage(request) ? request : undefined;
  }

  async admit(): Promise<void> {
    try {
      await this.#admit();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async unary(run: () => unknown): Promise<unknown> {
    try {
      await this.#admit();
      const response = await run();
      this.#report();
      return response;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async *stream(run: () => AsyncIterable<unknown>): AsyncIterable<unknown> {
    let failure: ConnectError | undefined;
    try {
      await this.#admit();
      yield* run();
    } catch (error) {
      failure = this.#shown(error);
      throw failure;
    } finally {
      // Also when the reader leaves early, which is no failure.
      this.#report(failure);
    }
  }

  async #admit(): Promise<void> {
    const { values, requestHeader, responseHeader } = this.#context;
    responseHeader.set("x-request-id", this.#requestId);
    if (this.#needed === Access.PUBLIC) return;
    if (!values.get(authenticatedKey)) {
      values.set(principalKey, await this.#options.authenticate(requestHeader));
      values.set(authenticatedKey, true);
    }
    const principal = principalOf(this.#context);
    if (permits(principal, this.#needed) || this.#options.authenticate === anonymous) return;
    throw this.#refusal(principal);
  }

  #refusal(principal: Principal): ConnectError {
    const needs = `${this.#method.name} needs ${DESCRIPTIONS[this.#needed]}`;
    return principal.kind === "anonymous"
      ? new ConnectError(`${needs}; no credential was sent`, Code.Unauthenticated)
      : new ConnectError(`${needs}; the caller is ${describe(principal)}`, Code.PermissionDenied);
  }

  #fail(error: unknown): ConnectError {
    const shown = this.#shown(error);
    this.#report(shown);
    return shown;
  }

  #shown(error: unknown): ConnectError {
    const known = this.#context.signal.aborted && !(error instanceof ConnectError) ? aborted(this.#context) : undefined;
    return known ?? toConnectError(error, this.#requestId);
  }

  #report(error?: ConnectError): void {
    this.#options.onCall?.({
      requestId: this.#requestId,
      service: this.#method.parent.typeName,
      method: this.#method.name,
      principal: principalOf(this.#context),
      ...(this.#request && { request: this.#request }),
      durationMs: performance.now() - this.#startedMs,
      ...(error && { error }),
    });
  }
}

/** A handler that was interrupted by its own signal failed because of the caller or the deadline, not by a fault. */
function aborted(context: HandlerContext): ConnectError {
  const { reason } = context.signal;
  return reason instanceof ConnectError ? reason : new ConnectError("the call was canceled", Code.Canceled);
}

const DESCRIPTIONS: Record<Access, string> = {
  [Access.UNSPECIFIED]: "nothing that exists",
  [Access.PUBLIC]: "no credential",
  [Access.ENROLMENT]: "an enrolment token or an agent's credential",
  [Access.AGENT]: "an agent's credential",
  [Access.VIEWER]: "an operator token",
  [Access.OPERATOR]: "an operator token with the role operator or admin",
  [Access.ADMIN]: "an operator token with the role admin",
};

function describe(principal: Principal): string {
  switch (principal.kind) {
    case "anonymous":
      return "anonymous";
    case "enrolment":
      return "an enrolment token";
    case "agent":
      return `the agent ${principal.name}`;
    case "operator":
      return `${principal.name}, with the role ${principal.role}`;
    default:
      return principal satisfies never;
  }
}
