import { isUtf8 } from "node:buffer";
import { createInterface } from "node:readline/promises";
import { interrupted, usage } from "./failure.ts";
import type { Io } from "./io.ts";

/** The longest credential read from a pipe, in bytes; real ones have 47. */
const MAX_SECRET_BYTES = 4096;

/** Asks a question whose answer is yes or no. No unless the user says yes. Needs a terminal. */
export async function confirm(io: Io, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(io, `${question} [y/N]`)).trim());
}

/** Asks for a line. Needs a terminal. */
export async function ask(io: Io, question: string): Promise<string> {
  const lines = createInterface({ input: io.stdin, output: process.stderr });
  const pressed = new AbortController();
  lines.once("SIGINT", () => pressed.abort());
  try {
    return await lines.question(`${question} `, { signal: AbortSignal.any([io.signal, pressed.signal]) });
  } catch {
    throw interrupted();
  } finally {
    lines.close();
  }
}

/** Asks for a secret on the terminal, without showing what is typed. */
export async function askSecret(io: Io, label: string): Promise<string> {
  io.stderr.write(`${label}: `);
  io.stdin.setRawMode(true);
  try {
    return await readHidden(io);
  } finally {
    io.stdin.setRawMode(false);
    io.stdin.pause();
    io.stderr.write("\n");
  }
}

function readHidden({ stdin, signal }: Io): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = "";
    const stop = (): void => {
      stdin.off("data", onData);
      signal.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      stop();
      reject(interrupted());
    };
    const onData = (data: Buffer): void => {
      for (const key of data.toString("utf8")) {
        if (key === "\r" || key === "\n" || key === "\x04") {
          stop();
          resolve(typed);
          return;
        }
        if (key === "\x03") return onAbort();
        typed = key === "\x7f" || key === "\b" ? typed.slice(0, -1) : typed + key;
      }
    };
    stdin.on("data", onData).resume();
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** What is read from standard input, for the error that says it is too long. */
interface SecretRule {
  /** Default: a credential's. */
  maxBytes?: number;
  /** Default: "a token". */
  what?: string;
}

/** Reads a secret from a pipe or file on standard input. */
export async function readSecret(
  { stdin }: Io,
  { maxBytes = MAX_SECRET_BYTES, what = "a token" }: SecretRule = {},
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Buffer));
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) throw usage(`standard input is too long to be ${what}`);
  }
  const read = Buffer.concat(chunks);
  if (!isUtf8(read)) throw usage(`standard input is not UTF-8 text, as ${what.split(",")[0]} is`);
  return read.toString("utf8");
}
