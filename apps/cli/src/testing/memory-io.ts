import { Readable } from "node:stream";
import type { Input, Io, Output } from "../io.ts";
import { START_MS } from "./fixtures.ts";

/** An output that keeps what is written to it. */
interface MemoryOutput extends Output {
  text(): string;
}

function memoryOutput(): MemoryOutput {
  const chunks: Buffer[] = [];
  return {
    isTty: false,
    style: { colour: false, unicode: true },
    columns: () => 80,
    rows: () => 24,
    write: (data) => void chunks.push(Buffer.from(data)),
    drained: () => Promise.resolve(),
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

/** What a command sees of a process, in memory. */
export interface MemoryIo extends Io {
  readonly stdout: MemoryOutput;
  readonly stderr: MemoryOutput;
}

/** An Io without a terminal, whose outputs are kept. */
export function memoryIo(options: { env?: Record<string, string>; input?: string } = {}): MemoryIo {
  return {
    stdin: Readable.from([options.input ?? ""]) as unknown as Input,
    stdout: memoryOutput(),
    stderr: memoryOutput(),
    env: options.env ?? {},
    cwd: "/",
    home: "/nonexistent",
    signal: new AbortController().signal,
    now: () => START_MS + 33_000,
  };
}
