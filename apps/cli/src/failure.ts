import { FieldViolationSchema, PipelineProblemsSchema } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import { ExitCode } from "./exit-codes.ts";
import { paint, type Style } from "./terminal/style.ts";
import { visible } from "./terminal/visible.ts";

/** One mistake in a file, as editors and terminals recognise it. */
export interface Problem {
  path: string;
  line: number;
  column: number;
  message: string;
}

/** What a failure says besides its message. */
export interface FailureOptions {
  exitCode: ExitCode;
  /** Why it happened. */
  why?: string;
  /** What to do next. */
  next?: string;
  /** The mistakes of a file, printed before the message. */
  problems?: Problem[];
  cause?: unknown;
}

/** An error that `crew` tells the user: what failed, why, and what to do next. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: ExitCode;
  readonly why: string | undefined;
  readonly next: string | undefined;
  readonly problems: readonly Problem[];

  constructor(what: string, options: FailureOptions) {
    super(what, { cause: options.cause });
    this.exitCode = options.exitCode;
    this.why = options.why;
    this.next = options.next;
    this.problems = options.problems ?? [];
  }
}

/** Somebody pressed Ctrl-C. `next` says what goes on without us. */
export function interrupted(what = "interrupted", next?: string): Failure {
  return new Failure(what, { exitCode: ExitCode.interrupted, ...(next === undefined ? {} : { next }) });
}

/** A value on the command line that cannot be used. */
export function usage(what: string, next?: string): Failure {
  return new Failure(what, { exitCode: ExitCode.usage, ...(next === undefined ? {} : { next }) });
}

/** What a failed call was about. */
export interface CallContext {
  /** The server it went to. */
  url?: string | undefined;
  /** The command that lists what it may have been about: `crew pipelines ls`. */
  listing?: string | undefined;
}

/** What a failed call is told as. */
export function toFailure(error: unknown, { url = "the server", listing }: CallContext = {}): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof ConnectError) return fromConnectError(error, url, listing);
  const what = error instanceof Error ? error.message : String(error);
  return new Failure(what, {
    exitCode: ExitCode.failure,
    cause: error,
    next: "set GROUNDCREW_DEBUG=1 to see where it happened",
  });
}

function fromConnectError(error: ConnectError, url: string, listing: string | undefined): Failure {
  const why = error.rawMessage;
  switch (error.code) {
    case Code.Unauthenticated:
      return new Failure(`${url} does not let us in`, {
        exitCode: ExitCode.credential,
        why,
        next: `log in again: crew login ${url}`,
        cause: error,
      });
    case Code.PermissionDenied:
      return new Failure("this credential's role may not do that", {
        exitCode: ExitCode.credential,
        why,
        next: "ask an admin for a token with a stronger role, then: crew login",
        cause: error,
      });
    case Code.NotFound:
      return notFound(error, listing);
    case Code.FailedPrecondition:
    case Code.AlreadyExists:
      return new Failure(why, { exitCode: ExitCode.failure, cause: error });
    case Code.Unavailable:
    case Code.DeadlineExceeded:
      return new Failure(`no answer from ${url}`, {
        exitCode: ExitCode.unreachable,
        // grpc-js ends its reason with a heading that often has nothing below it.
        why: why.replace(/ Resolution note: $/, ""),
        next: "check that the server runs and that this is its address (crew context ls), then try again",
        cause: error,
      });
    case Code.InvalidArgument:
      return fromInvalidArgument(error);
    case Code.Canceled:
      return interrupted();
    default:
      return new Failure(`${url} refused`, { exitCode: ExitCode.failure, why, cause: error });
  }
}

function notFound(error: ConnectError, listing: string | undefined): Failure {
  const next = listing === undefined ? {} : { next: `list what exists: ${listing}` };
  return new Failure(error.rawMessage, { exitCode: ExitCode.notFound, ...next, cause: error });
}

function fromInvalidArgument(error: ConnectError): Failure {
  const problems = detailOf(error, PipelineProblemsSchema)?.problems;
  if (problems) return invalidFile(problems);
  const field = detailOf(error, FieldViolationSchema);
  if (!field) return new Failure(error.rawMessage, { exitCode: ExitCode.usage, cause: error });
  const found = field.value === "" ? "is not acceptable" : `is ${field.value}`;
  return new Failure(`${field.field} ${found}`, {
    exitCode: ExitCode.usage,
    why: `expected ${field.expected}`,
    cause: error,
  });
}

/** A file with mistakes. */
export function invalidFile(problems: readonly Problem[]): Failure {
  const path = problems[0]?.path ?? "the file";
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new Failure(`${path} has ${count}`, {
    exitCode: ExitCode.usage,
    problems: [...problems],
    next: "mend it and try again",
  });
}

/** The lines a failure is told in, for stderr. */
export function renderFailure(failure: Failure, style: Style): string[] {
  const problems = failure.problems.map(
    ({ path, line, column, message }) =>
      `${paint(style, "bold", `${visible(path)}:${line}:${column}:`)} ${visible(message)}`,
  );
  const stopped = failure.exitCode === ExitCode.interrupted;
  const label = paint(style, stopped ? "yellow" : "red", stopped ? "stopped:" : "error:");
  const lines = [...problems, `${label} ${visible(failure.message)}`];
  if (failure.why !== undefined) lines.push(`  why:  ${visible(failure.why)}`);
  if (failure.next !== undefined) lines.push(`  next: ${visible(failure.next)}`);
  return lines;
}
