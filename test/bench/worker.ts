import { atEnd, type Owner } from "@groundcrew/testkit/processes";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a worker can be told to do. Arguments and results travel as structured clones. */
type Commands = Record<string, (argument: never) => unknown>;

interface Question {
  id: number;
  command: string;
  argument: unknown;
}

type Answer = { id: number; result: unknown } | { id: number; error: string };

/** A program of workers/ in a process of its own, so that what it costs is not another's. */
export class Worker<C extends Commands> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  constructor(process: ChildProcess) {
    this.#process = process;
    process.on("message", (answer: Answer) => this.#take(answer));
    process.on("exit", (code, signal) => this.#fail(new Error(`a worker ended with ${signal ?? `code ${code}`}`)));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Tells it to do something and waits for the result. Rejects with what it threw. */
  async call<K extends keyof C & string>(
    command: K,
    ...[argument]: Parameters<C[K]>
  ): Promise<Awaited<ReturnType<C[K]>>> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#process.send({ id, command, argument } satisfies Question);
    return (await waiting.promise) as Awaited<ReturnType<C[K]>>;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.result);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Starts a program of workers/. It ends with its owner. */
export function startWorker<C extends Commands>(owner: Owner, name: string, execArgv: string[] = []): Worker<C> {
  const file = fileURLToPath(new URL(`workers/${name}.ts`, import.meta.url));
  const worker = new Worker<C>(fork(file, { serialization: "advanced", execArgv, env: workerEnvironment() }));
  atEnd(owner, () => worker.stop());
  return worker;
}

function workerEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  return { PATH, TMPDIR, NODE_COMPILE_CACHE };
}

/** In a worker: does what it is told until its parent ends it. */
export function serveCommands(commands: Commands): void {
  process.on("disconnect", () => process.exit());
  process.on("message", ({ id, command, argument }: Question) => {
    void answerTo(commands, command, argument).then((answer) => process.send?.({ id, ...answer }));
  });
}

async function answerTo(commands: Commands, command: string, argument: unknown) {
  try {
    return { result: await commands[command]?.(argument as never) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
