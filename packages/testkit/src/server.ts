import { OperatorService } from "@groundcrew/proto";
import { createClient, dial, type Client, type Connection } from "@groundcrew/rpc";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { atEnd, type Owner } from "./at-end.ts";
import { temporaryFolder } from "./folder.ts";
import { readWhenReady, type Ready } from "./ready-file.ts";
import { TestProcess, type Ended } from "./test-process.ts";

/** A client of the operator's service. */
export type Operator = Client<typeof OperatorService>;

/** How to start a server. */
export interface LaunchOptions {
  /** A Postgres to use. Undefined: the server starts its embedded one. */
  databaseUrl?: string;
  /** More flags, such as `["--lease-ttl", "2s"]`. */
  flags?: readonly string[];
  /** More variables. */
  env?: Readonly<Record<string, string>>;
  /** The admin token of a database that has one already. Default: the first start makes it. */
  adminToken?: string;
  /** Where it keeps what it keeps. Default: a folder of its own. */
  stateDir?: string;
  /** Out of the reach of a Ctrl-C at the terminal, for an owner that ends it itself. Default: false. */
  ownGroup?: boolean;
}

/** How long a server may take to start, in milliseconds: the first start of an embedded Postgres on a busy machine. */
const START_MAX_MS = 60_000;

/** Starts a server on free ports of the loopback interface and waits until it answers. It ends with its owner. */
export async function launchServer(owner: Owner, options: LaunchOptions = {}): Promise<TestServer> {
  const folder = await temporaryFolder(owner, "server");
  const server = new TestServer(owner, folder, options);
  atEnd(owner, () => server.close());
  await server.start();
  return server;
}

/** A server process that may be stopped, killed and started again. */
export class TestServer {
  readonly #owner: Owner;
  readonly #folder: string;
  readonly #options: LaunchOptions;
  #listen = { grpc: "127.0.0.1:0", http: "127.0.0.1:0" };
  #process: TestProcess | undefined;
  #ready: Ready | undefined;
  #connection: Connection | undefined;
  #operator: Operator | undefined;
  #adminToken = "";

  constructor(owner: Owner, folder: string, options: LaunchOptions) {
    this.#owner = owner;
    this.#folder = folder;
    this.#options = options;
  }

  /** Where agents and `crew` dial. The same after a restart. */
  get url(): string {
    return this.#running.ready.grpc_url;
  }

  /** Where browsers and `curl` dial. The same after a restart. */
  get httpUrl(): string {
    return this.#running.ready.http_url;
  }

  /** "sha256:HEX" of its certificate; empty without TLS. */
  get fingerprint(): string {
    return this.#running.ready.fingerprint;
  }

  /** The newest process. */
  get process(): TestProcess {
    return this.#running.process;
  }

  /** Whether its newest process runs. */
  get isRunning(): boolean {
    return this.#process?.isRunning ?? false;
  }

  /** The token that the first start on its database made. */
  get adminToken(): string {
    return this.#adminToken;
  }

  /** A client with the admin token. Made anew by a restart. */
  get operator(): Operator {
    if (!this.#operator) throw new Error("the server was never started");
    return this.#operator;
  }

  get stateDir(): string {
    return this.#options.stateDir ?? join(this.#folder, "state");
  }

  /** The database it was given. Throws when it has its own. */
  get databaseUrl(): string {
    if (this.#options.databaseUrl === undefined) throw new Error("this server has a Postgres of its own");
    return this.#options.databaseUrl;
  }

  /** Starts it, the first time or after a stop or kill, and waits until it answers. */
  async start(): Promise<void> {
    const readyFile = join(this.#folder, "ready.json");
    const tokenFile = join(this.#folder, "admin-token");
    // One that a killed process left would be taken for this one's.
    await rm(readyFile, { force: true });
    const process = new TestProcess({
      program: "server",
      args: [...this.#flags(), "--ready-file", readyFile, "--admin-token-file", tokenFile],
      env: this.#environment(),
      ownGroup: this.#options.ownGroup ?? false,
    });
    this.#process = process;
    const ready = await awaitReady(process, readyFile);
    this.#ready = ready;
    this.#listen = { grpc: hostOf(ready.grpc_url), http: hostOf(ready.http_url) };
    this.#adminToken ||= this.#options.adminToken ?? (await readFile(tokenFile, "utf8")).trim();
    await this.#connect();
  }

  /** Asks it to end and waits for that. */
  async stop(): Promise<Ended> {
    return this.process.end("SIGTERM");
  }

  /** Ends it without a warning. */
  async kill(): Promise<void> {
    await this.process.end("SIGKILL");
  }

  /** Kills it and starts it again: the same folder, ports and database. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Ends it if it runs. For the owner's end, which it must have lived to see unless it was stopped or killed. */
  async close(): Promise<void> {
    this.#connection?.close();
    await this.#process?.close(this.#owner);
    if (this.#process?.endedByItself) throw this.#process.failure("ended by itself");
  }

  #flags(): string[] {
    const { grpc, http } = this.#listen;
    const flags = ["--listen", grpc, "--http-listen", http, "--state-dir", this.stateDir];
    return [...flags, ...(this.#options.flags ?? [])];
  }

  #environment(): Record<string, string> {
    const { databaseUrl, env } = this.#options;
    return { ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }), ...env };
  }

  async #connect(): Promise<void> {
    this.#connection?.close();
    const { url, fingerprint, adminToken: token } = this;
    this.#connection = await dial({ url, token, ...(fingerprint !== "" && { fingerprint }) });
    this.#operator = createClient(OperatorService, this.#connection.transport);
  }

  get #running(): { process: TestProcess; ready: Ready } {
    if (!this.#process || !this.#ready) throw new Error("the server was never started");
    return { process: this.#process, ready: this.#ready };
  }
}

async function awaitReady(process: TestProcess, file: string): Promise<Ready> {
  const giveUp = new AbortController();
  const late = setTimeout(() => giveUp.abort(process.failure(`was not ready in ${START_MAX_MS} ms`)), START_MAX_MS);
  const ready = readWhenReady(file, giveUp.signal);
  try {
    return await process.whileRunning(ready);
  } catch (error) {
    giveUp.abort(error);
    await ready.catch(() => undefined);
    await process.end("SIGKILL");
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}
