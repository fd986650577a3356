import type postgres from "postgres";
import { Coalescer } from "./coalescer.ts";
import * as statements from "./statements.ts";
import type { BareJob } from "./statements.ts";

/** A queue without policies and events. */
export interface BareQueue {
  submit(jobs: number): Promise<void>;
  lease(limit: number): Promise<BareJob[]>;
  init(job: BareJob): Promise<void>;
  update(job: BareJob): Promise<void>;
  done(job: BareJob): Promise<void>;
}

/** In memory: what is left is the RPC alone. */
export class MemoryQueue implements BareQueue {
  #submitted = 0;
  #leased = 0;

  async submit(jobs: number): Promise<void> {
    this.#submitted += jobs;
  }

  async lease(limit: number): Promise<BareJob[]> {
    const count = Math.min(limit, this.#submitted - this.#leased);
    return Array.from({ length: count }, () => ({ id: String(++this.#leased), epoch: String(this.#leased) }));
  }

  async init(): Promise<void> {}
  async update(): Promise<void> {}
  async done(): Promise<void> {}
}

/** In Postgres, with one statement for all who ask at the same time; each is answered after the commit. */
export class SqlQueue implements BareQueue {
  readonly #sql: postgres.Sql;
  readonly #init: Coalescer<BareJob>;
  readonly #update: Coalescer<BareJob>;
  readonly #done: Coalescer<BareJob>;

  constructor(sql: postgres.Sql) {
    this.#sql = sql;
    this.#init = new Coalescer((jobs) => statements.init(sql, jobs));
    this.#update = new Coalescer((jobs) => statements.update(sql, jobs));
    this.#done = new Coalescer((jobs) => statements.done(sql, jobs));
  }

  submit(jobs: number): Promise<void> {
    return statements.submit(this.#sql, jobs);
  }

  lease(limit: number): Promise<BareJob[]> {
    return statements.lease(this.#sql, limit);
  }

  init(job: BareJob): Promise<void> {
    return this.#init.ask(job);
  }

  update(job: BareJob): Promise<void> {
    return this.#update.ask(job);
  }

  done(job: BareJob): Promise<void> {
    return this.#done.ask(job);
  }
}
