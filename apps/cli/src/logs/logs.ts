import { TailLogsResponseSchema, type Workflow } from "@groundcrew/proto";
import { interrupted, usage } from "../failure.ts";
import { hasEnded } from "../render/looks.ts";
import type { Operator, Session } from "../session.ts";
import { displayWidth } from "../terminal/width.ts";
import { LogPrinter, nameOf } from "./print.ts";
import { tailLogs, type LineRange, type TailOptions } from "./tail.ts";

/** Line numbers are 32 bits on the wire. */
const LINES_MAX = 2 ** 32 - 1;

/** The options of `logs`. */
export interface LogOptions {
  follow?: boolean;
  step?: string;
  timestamps?: boolean;
  /** So many lines before the end of each step run. */
  tail?: number;
  /** The first line of each step run, from 1. */
  from?: number;
  /** How many lines of each step run. */
  lines?: number;
}

/** Whose logs: their workflows as they stand now, and how to name and reach them. */
export interface LogSubject {
  of: TailOptions["of"];
  workflows: Workflow[];
  /** Such as "pipeline 42". */
  name: string;
  /** The command that reads on. */
  again: string;
}

/** Prints logs until the last line, or with `follow` until everything has ended. */
export async function printLogs(
  session: Session,
  operator: Operator,
  subject: LogSubject,
  options: LogOptions,
): Promise<void> {
  const { stdout, signal } = session.io;
  const printer = new LogPrinter({
    timestamps: options.timestamps ?? false,
    terminal: stdout.isTty,
    style: stdout.style,
    ...prefixFor(subject.workflows, options.step),
  });
  const parts = tailLogs(operator, {
    of: subject.of,
    follow: options.follow ?? false,
    signal,
    onConnection: ({ lost }) => session.note(lost ? "crew: connection lost; trying again" : "crew: connected again"),
    ...(options.step === undefined ? {} : { step: options.step }),
    range: rangeOf(options),
  });
  try {
    for await (const part of parts) {
      if (session.format === "json") session.json(TailLogsResponseSchema, part.response);
      else stdout.write(printer.format(part));
      await stdout.drained();
    }
  } catch (error) {
    if (signal.aborted) throw interrupted(`reading; ${subject.name} goes on`, `read on: ${subject.again}`);
    throw error;
  } finally {
    stdout.write(printer.end());
  }
}

/** Lines as people count them, to lines as the server does. */
function rangeOf({ tail = 0, from = 1, lines }: LogOptions): LineRange {
  if (tail > 0 && (from > 1 || lines !== undefined))
    throw usage("--tail is given beside --from or --lines", "leave out one of them");
  const fromLine = from - 1;
  return { fromLine, untilLine: lines === undefined ? 0 : Math.min(LINES_MAX, fromLine + lines), lastLines: tail };
}

/** The longest prefix that lines are aligned to, in columns. */
const MAX_PREFIX_WIDTH = 40;

// One step run that will stay the only one is printed bare; anything else says where each line comes from.
function prefixFor(workflows: Workflow[], step: string | undefined): { prefixWidth?: number } {
  const names = workflows.flatMap(({ name, stepRuns }) =>
    stepRuns.filter(({ ref }) => step === undefined || ref?.step === step).map(({ ref }) => nameOf(name, ref?.step)),
  );
  const oneStep = workflows.length === 1 && step !== undefined;
  const oneRun = names.length === 1 && workflows.every(({ state }) => hasEnded(state));
  if (oneStep || oneRun) return {};
  return { prefixWidth: Math.min(MAX_PREFIX_WIDTH, Math.max(1, ...names.map(displayWidth))) };
}
