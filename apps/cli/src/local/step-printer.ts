import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { LineSplitter, type LineRun, type Masker, type OutputSink, type StepReport } from "@groundcrew/engine";
import type { StepFiles, StepRunHost } from "@groundcrew/engine/steps";
import { LogEntrySchema, LogStream, StepRunRefSchema, StepRunSchema, StepState } from "@groundcrew/proto";
import { writeLines, type Io } from "../io.ts";
import { nameOf, type LogPrinter } from "../logs/print.ts";
import { stepLook } from "../render/looks.ts";
import { stepNote } from "../render/pipeline.ts";
import { describeChange } from "../render/view.ts";

const NEWLINE = 0x0a;

/** Whose lines these are. */
interface StepRunName {
  workflow: string;
  step: string;
  /** Tells the tries of a step apart. */
  id: string;
}

/** Where lines go, and what covers the secrets in them. */
export interface StepPrinter {
  io: Io;
  printer: LogPrinter;
  /** Undefined: there are none. */
  masker: Masker | undefined;
}

/** A line, or a piece of one that goes on. */
interface Line {
  text: Uint8Array;
  continued: boolean;
}

/** One step run whose log goes to standard output, and whose end is told on standard error. */
export class PrintedStepRun implements StepRunHost {
  readonly #io: Io;
  readonly #printer: LogPrinter;
  readonly #masker: Masker | undefined;
  readonly #name: StepRunName;
  readonly #startedMs: number;
  files?: StepFiles;
  readonly #outputs: (() => Promise<void>)[] = [];

  constructor({ io, printer, masker }: StepPrinter, name: StepRunName) {
    this.#io = io;
    this.#printer = printer;
    this.#masker = masker;
    this.#name = name;
    this.#startedMs = io.now();
  }

  readonly log = {
    sink: (stream: LogStream): OutputSink => {
      const { write, end } = this.#open(stream);
      this.#outputs.push(end);
      return write;
    },
    note: async (text: string): Promise<void> => {
      const { write, end } = this.#open(LogStream.AGENT);
      await write(Buffer.from(`${text}\n`));
      await end();
    },
  };

  report({ state, exitCode, signal = "", error = "" }: StepReport): void {
    if (state === StepState.RUNNING) return;
    const [startedAt, finishedAt] = [timestampFromMs(this.#startedMs), timestampFromMs(this.#io.now())];
    const run = create(StepRunSchema, { state, signal, error, ...(exitCode !== undefined && { exitCode }) });
    const change = describeChange(
      stepLook(state).word,
      state === StepState.SKIPPED ? {} : { startedAt, finishedAt },
      stepNote(run),
    );
    writeLines(this.#io.stderr, [`${nameOf(this.#name.workflow, this.#name.step)} ${change}`]);
  }

  async endLog(note?: string): Promise<void> {
    for (const end of this.#outputs.splice(0)) await end();
    if (note !== undefined) await this.log.note(note);
  }

  fault(error: unknown): void {
    writeLines(this.#io.stderr, [`crew: ${error instanceof Error ? error.message : String(error)}`]);
  }

  /** An output: its secrets are covered, and then its lines cut. */
  #open(stream: LogStream): { write: OutputSink; end: () => Promise<void> } {
    const masked = this.#masker?.open();
    const lines: Line[] = [];
    const splitter = new LineSplitter({ write: (run) => lines.push(...linesOf(run)) });
    const write = (chunk: Uint8Array) => {
      splitter.push(masked?.push(chunk) ?? chunk);
      return this.#print(stream, lines.splice(0));
    };
    const end = () => {
      if (masked) splitter.push(masked.end());
      splitter.end();
      return this.#print(stream, lines.splice(0));
    };
    return { write, end };
  }

  async #print(stream: LogStream, lines: readonly Line[]): Promise<void> {
    if (lines.length === 0) return;
    const { workflow: workflowName, step, id: stepRunId } = this.#name;
    const atMs = Math.max(0, this.#io.now() - this.#startedMs);
    const bytes = this.#printer.format({
      workflowName,
      stepRunId,
      missing: 0,
      stepRun: create(StepRunRefSchema, { step }),
      baseTime: timestampFromMs(this.#startedMs),
      entries: lines.map((line) => create(LogEntrySchema, { atMs, stream, ...line })),
    });
    this.#io.stdout.write(bytes);
    await this.#io.stdout.drained();
  }
}

// The text is lent, so each line is a copy.
function linesOf({ text, continued }: LineRun): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start <= text.length;) {
    const newline = text.indexOf(NEWLINE, start);
    const end = newline === -1 ? text.length : newline;
    lines.push({ text: Uint8Array.from(text.subarray(start, end)), continued });
    start = end + 1;
  }
  return lines;
}
