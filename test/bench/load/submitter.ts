import { OperatorService } from "@groundcrew/proto";
import { LoadConnection } from "./connection.ts";
import type { Ledger } from "./ledger.ts";

/** The name of each workflow's one step. */
export const STEP = "build";

/** Submits at once. */
const AT_ONCE = 4;

/** What to submit, and when. */
export interface SubmitOptions {
  hosts: readonly string[];
  /** An operator's token. */
  token: string;
  ledger: Ledger;
  /** Workflows of one pipeline, which is one submit. */
  perSubmit: number;
  /** Submitted and not completed, at most: enough to keep every slot busy. */
  backlog: number;
  /** Workflows per second, at most. Undefined: as fast as they are completed. */
  ratePerS?: number;
}

/** Keeps a backlog of workflows, each with one step. */
export class Submitter {
  readonly #options: SubmitOptions;
  readonly #connection: LoadConnection;
  readonly #content: string;
  readonly #startedMs = performance.now();
  #inFlight = 0;
  #asked = 0;
  #stopped = false;
  #answered = Promise.withResolvers<void>();
  /** Workflows whose submit was acknowledged. */
  submitted = 0;

  constructor(options: SubmitOptions) {
    this.#options = options;
    this.#connection = new LoadConnection(options.hosts, { authorization: `Bearer ${options.token}` });
    this.#content = pipelineOf(options.perSubmit);
  }

  start(): void {
    this.#options.ledger.on("ended", () => this.#fill());
    if (this.#options.ratePerS !== undefined) setInterval(() => this.#fill(), 10).unref();
    this.#fill();
  }

  /** Resolves once this many were submitted. Rejects with what went wrong. */
  async until(count: number): Promise<void> {
    for (; this.submitted < count; this.#options.ledger.check()) await this.#answered.promise;
  }

  /** Submits nothing more and waits for the answers that are due. */
  async stop(): Promise<void> {
    this.#stopped = true;
    while (this.#inFlight > 0) await this.#answered.promise;
    this.#connection.close();
  }

  #fill(): void {
    while (!this.#stopped && this.#inFlight < AT_ONCE && this.#asked + this.#options.perSubmit <= this.#allowed()) {
      void this.#submit();
    }
  }

  /** How many may have been submitted by now. */
  #allowed(): number {
    const { ledger, backlog, ratePerS = Infinity } = this.#options;
    const paced = ratePerS === Infinity ? Infinity : (ratePerS * (performance.now() - this.#startedMs)) / 1_000;
    return Math.min(ledger.ended + backlog, paced);
  }

  async #submit(): Promise<void> {
    const { perSubmit } = this.#options;
    this.#inFlight++;
    this.#asked += perSubmit;
    try {
      await submitOnce(this.#connection, this.#content);
      this.submitted += perSubmit;
    } catch (error) {
      this.#stopped = true;
      this.#options.ledger.fail(error);
    }
    this.#inFlight--;
    this.#answered.resolve();
    this.#answered = Promise.withResolvers();
    this.#fill();
  }
}

/** Submits one pipeline. The answer, which describes it, is not looked at. */
async function submitOnce(connection: LoadConnection, content: string): Promise<void> {
  const request = { file: { path: "bench.yaml", content }, source: { repository: REPOSITORY } };
  await connection.unaryBytes(OperatorService.method.submitPipeline, request);
}

export const REPOSITORY = "git.example.org/bench/main";

/** A pipeline file with this many workflows of one step, each with these labels. */
export function pipelineOf(workflows: number, labels = ""): string {
  const line = (_: unknown, i: number): string =>
    `  w${i}: { ${labels === "" ? "" : `labels: { ${labels} }, `}steps: [{ name: ${STEP}, run: "true" }] }`;
  return ["workflows:", ...Array.from({ length: workflows }, line)].join("\n");
}
