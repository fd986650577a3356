import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { createContextValues, type ContextValues, type HandlerContext } from "@connectrpc/connect";

/**
 * The context of a unary call that a stream carries: the stream's headers and caller, a signal of its own. What a
 * handler sets in the response's header and trailer goes nowhere.
 */
export class CarriedCall implements HandlerContext {
  readonly service: DescService;
  readonly method: DescMethod;
  readonly protocolName: string;
  readonly requestMethod: string;
  readonly url: string;
  readonly requestHeader: Headers;
  readonly responseHeader: Headers;
  readonly responseTrailer: Headers;
  readonly values: ContextValues;
  // Made when somebody asks: most handlers never do.
  #controller: AbortController | undefined;

  /** `asksAnew`: the guard is to find out again who calls, rather than believe what it found when the stream opened. */
  constructor(stream: HandlerContext, method: DescMethod, { asksAnew }: { asksAnew: boolean }) {
    this.service = method.parent;
    this.method = method;
    this.protocolName = stream.protocolName;
    this.requestMethod = stream.requestMethod;
    this.url = stream.url;
    this.requestHeader = stream.requestHeader;
    this.responseHeader = stream.responseHeader;
    this.responseTrailer = stream.responseTrailer;
    this.values = asksAnew ? createContextValues() : stream.values;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  /** The caller keeps the deadline, and cancels. */
  timeoutMs(): undefined {
    return undefined;
  }

  /** Aborts the signal. */
  abort(reason: unknown): void {
    (this.#controller ??= new AbortController()).abort(reason);
  }
}
