import {
  launchServer,
  startProxy,
  type FaultProxy,
  type Owner,
  type TestPostgres,
  type TestServer,
} from "@groundcrew/testkit/processes";
import { setTimeout as delay } from "node:timers/promises";
import type { Supervisor } from "./supervisor.ts";

/** Short intervals, so that what takes minutes elsewhere takes seconds here. */
export const TTL_MS = 3_000;
const FLAGS = ["--lease-ttl", `${TTL_MS}ms`, "--health-interval", "1s", "--poll-hold", "5s", "--log-interval", "100ms"];

/** How soon a supervisor starts again what could not start, in milliseconds. */
const AGAIN_MS = 300;

/** One server process, with a proxy between it and Postgres. */
export class Replica {
  readonly name: string;
  readonly server: TestServer;
  /** Between it and Postgres. */
  readonly database: FaultProxy;
  readonly #supervisor: Supervisor;

  private constructor(name: string, server: TestServer, database: FaultProxy, supervisor: Supervisor) {
    this.name = name;
    this.server = server;
    this.database = database;
    this.#supervisor = supervisor;
    this.#watch();
  }

  /** Starts one. All but the first are given the admin token that it made. */
  static async start(owner: Owner, { name, postgres, supervisor, adminToken }: ReplicaOptions): Promise<Replica> {
    const database = await startProxy(owner, postgres.url);
    const databaseUrl = new URL(postgres.url);
    databaseUrl.host = new URL(database.url).host;
    const given = adminToken === undefined ? {} : { adminToken };
    const server = await launchServer(owner, { databaseUrl: databaseUrl.href, flags: FLAGS, ownGroup: true, ...given });
    return new Replica(name, server, database, supervisor);
  }

  /** Ends it without a warning. */
  async kill(): Promise<void> {
    this.#supervisor.forgive(this.server.process);
    await this.server.kill();
  }

  /** Asks it to end and waits for that. */
  async stop(): Promise<void> {
    this.#supervisor.forgive(this.server.process);
    await this.server.stop();
  }

  /** Starts it, as often as it takes: Postgres may be away. */
  async start(): Promise<void> {
    while (!this.server.isRunning && !this.#supervisor.isClosing) {
      try {
        await this.server.start();
        this.#watch();
      } catch {
        await delay(AGAIN_MS);
      }
    }
  }

  #watch(): void {
    this.#supervisor.watch(this.name, this.server.process, () => this.start());
  }
}

interface ReplicaOptions {
  name: string;
  postgres: TestPostgres;
  supervisor: Supervisor;
  adminToken?: string;
}
