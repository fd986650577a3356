import { execa } from "execa";
import { EventEmitter } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Owner } from "./at-end.ts";
import { BRIEF_FLAGS, mainOf, plainEnvironment, type Program } from "./program.ts";

/** How a process ended. */
export interface Ended {
  /** Undefined when a signal ended it. */
  exitCode: number | undefined;
  signal: string | undefined;
}

/** What to start. */
export interface ProcessOptions {
  program: Program;
  args: readonly string[];
  /** Added to PATH, HOME and LANG; nothing else of this process's environment is handed on. */
  env?: Readonly<Record<string, string>>;
  /** In a process group of its own, which a Ctrl-C at the terminal does not reach. Default: in this process's. */
  ownGroup?: boolean;
}

/** How many of its last lines are shown when its test fails. */
const SHOWN_LINES = 40;

/** How long a process may take to obey SIGTERM at its owner's end, in milliseconds. */
const CLOSE_MAX_MS = 20_000;

/** A program of the house as a real process, and what it says. */
export class TestProcess {
  readonly #program: Program;
  readonly #process;
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  #signaled = false;
  #killed = false;
  #hasEnded = false;
  /** What it wrote to standard output and error so far. */
  readonly lines: string[] = [];
  /** Resolves when it has ended and everything it wrote is in `lines`. */
  readonly ended: Promise<Ended>;

  constructor({ program, args, env, ownGroup = false }: ProcessOptions) {
    this.#program = program;
    this.#process = execa(process.execPath, [...BRIEF_FLAGS, mainOf(program), ...args], {
      env: { ...plainEnvironment(), ...env },
      extendEnv: false,
      // Not this project's own folder, so that nothing is found by accident.
      cwd: "/",
      detached: ownGroup,
      stdin: "ignore",
      buffer: false,
      forceKillAfterDelay: false,
      reject: false,
    });
    const read = [this.#read(this.#process.stdout), this.#read(this.#process.stderr)];
    this.ended = this.#process.then(async ({ exitCode, signal }) => {
      await Promise.all(read);
      this.#hasEnded = true;
      this.#emitter.emit("end");
      return { exitCode, signal };
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isRunning(): boolean {
    return !this.#hasEnded;
  }

  /** It has ended, and nobody had asked it to. */
  get endedByItself(): boolean {
    return this.#hasEnded && !this.#signaled;
  }

  /** Sends a signal. No effect on a process that has ended. */
  signal(name: NodeJS.Signals): void {
    this.#signaled ||= !this.#hasEnded;
    this.#process.kill(name);
  }

  /** Stops it in its tracks, until it is thawed or killed. No effect on a process that has ended. */
  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process.kill("SIGCONT");
  }

  /** Sends a signal that is not to end it. No effect on a process that has ended. */
  nudge(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Ends it with a signal and waits for that. */
  end(name: NodeJS.Signals): Promise<Ended> {
    this.#killed ||= name === "SIGKILL";
    this.signal(name);
    return this.ended;
  }

  /** Ends it for its owner's end, if it still runs: it must obey, and shows its last lines when the owner has failed. */
  async close(owner: Owner): Promise<void> {
    const late = setTimeout(() => this.signal("SIGKILL"), CLOSE_MAX_MS);
    const { signal } = await this.end("SIGTERM");
    clearTimeout(late);
    if (owner.passed === false) console.error(`${this.failure(`(process ${this.pid}) said`).message}\n`);
    if (signal === "SIGKILL" && !this.#killed) throw this.failure(`did not obey SIGTERM within ${CLOSE_MAX_MS} ms`);
  }

  /** The first line with this text, written already or yet to come. Rejects when the process ends without it. */
  said(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (line: string): void => {
        if (line.includes(text)) settle(() => resolve(line));
      };
      const onEnd = (): void => settle(() => reject(this.failure(`ended without saying ${JSON.stringify(text)}`)));
      const settle = (answer: () => void): void => {
        this.#emitter.off("line", look).off("end", onEnd);
        answer();
      };
      this.#emitter.on("line", look).on("end", onEnd);
      for (const line of this.lines) look(line);
      void this.ended.then(onEnd);
    });
  }

  /** Rejects when the process ends before `work` does. */
  async whileRunning<T>(work: Promise<T>): Promise<T> {
    const ended = this.ended.then(({ exitCode, signal }) => {
      throw this.failure(`ended with ${signal ?? `code ${exitCode}`}`);
    });
    return Promise.race([work, ended]);
  }

  /** An error about it, with its last lines. */
  failure(what: string): Error {
    return new Error(`the ${this.#program} ${what}:\n${this.lines.slice(-SHOWN_LINES).join("\n")}`);
  }

  async #read(stream: Readable): Promise<void> {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      this.lines.push(line);
      this.#emitter.emit("line", line);
    }
  }
}
