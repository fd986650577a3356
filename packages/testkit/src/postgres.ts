import { startPostgres, type EmbeddedPostgres } from "@groundcrew/postgres";
import { join } from "node:path";
import { atEnd, type Owner } from "./at-end.ts";
import { eventually } from "./eventually.ts";
import { temporaryFolder } from "./folder.ts";
import { killProcessesOf, processesOf } from "./processes-of.ts";

/** Nothing here must survive a crash of the machine; what must survive a kill -9 of Postgres does without these. */
const SETTINGS = { fsync: "off", full_page_writes: "off", max_connections: "200" };

/** Starts a Postgres that may be killed, frozen and started again. It ends with its owner. */
export async function launchPostgres(owner: Owner): Promise<TestPostgres> {
  const postgres = new TestPostgres(join(await temporaryFolder(owner, "pg"), "data"));
  atEnd(owner, () => postgres.stop());
  await postgres.start();
  return postgres;
}

/** A Postgres with a folder of its own. */
export class TestPostgres {
  readonly #dataDir: string;
  #cluster: EmbeddedPostgres | undefined;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** Where it listens. Another port after a restart. */
  get url(): string {
    if (!this.#cluster) throw new Error("this Postgres was never started");
    return this.#cluster.url;
  }

  /** Starts it, the first time or again. */
  async start(): Promise<void> {
    this.#cluster = await startPostgres({ dataDir: this.#dataDir, settings: SETTINGS });
  }

  /** Ends all of its processes without a warning. */
  async kill(): Promise<void> {
    await killProcessesOf(this.#dataDir);
    await this.#cluster?.exited;
  }

  /** Stops all of its processes in their tracks. */
  async freeze(): Promise<void> {
    await this.#signal("SIGSTOP");
  }

  /** Lets them go on. */
  async thaw(): Promise<void> {
    await this.#signal("SIGCONT");
  }

  /** Shuts it down, if it runs. */
  async stop(): Promise<void> {
    await this.thaw();
    await this.#cluster?.stop();
    // A backend may outlive its postmaster for a moment.
    await eventually(async () => ((await processesOf(this.#dataDir)).length === 0 ? true : undefined), {
      what: "no process of Postgres is left",
    });
  }

  async #signal(name: NodeJS.Signals): Promise<void> {
    for (const { pid } of await processesOf(this.#dataDir)) {
      try {
        process.kill(pid, name);
      } catch {
        // It has ended by itself.
      }
    }
  }
}
