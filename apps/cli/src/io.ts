import type { ReadStream } from "node:tty";
import { wantsColour, wantsUnicode, type Style } from "./terminal/style.ts";

/** Standard output or error. */
export interface Output {
  readonly isTty: boolean;
  readonly style: Style;
  /** Columns now; 80 where there is no terminal. */
  columns(): number;
  /** Rows now; 24 where there is no terminal. */
  rows(): number;
  write(data: string | Uint8Array): void;
  /** Resolves once the reader has kept up. */
  drained(): Promise<void>;
}

/** Standard input: a terminal or a pipe. */
export type Input = Pick<ReadStream, "isTTY" | "setRawMode"> & NodeJS.ReadStream;

/** What a command may touch of the process it runs in. */
export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The user's home directory. */
  readonly home: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Wraps a stream of this process. `noColour`: `--no-color` was given. */
export function outputOf(
  stream: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
  noColour: boolean,
): Output {
  const isTty: boolean = stream.isTTY ?? false;
  return {
    isTty,
    style: { colour: wantsColour({ env, isTty, noColour }), unicode: wantsUnicode(env) },
    columns: () => stream.columns ?? 80,
    rows: () => stream.rows ?? 24,
    write: (data) => void stream.write(data),
    drained: () => drained(stream),
  };
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (!stream.writableNeedDrain || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}

/** Writes lines to an output. */
export function writeLines(output: Output, lines: readonly string[]): void {
  if (lines.length > 0) output.write(`${lines.join("\n")}\n`);
}
