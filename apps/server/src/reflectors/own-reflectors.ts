import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { isIP } from "node:net";
import type { ServerContext } from "../context.ts";

/** How often it looks which of its slots are leased, in milliseconds. A stage asks a reflector again for longer. */
const LOOK_MS = 500;

/** A server that nobody uses ends by itself after so many seconds: also one that a killed process left behind. */
const IDLE_SECONDS = 60;

/** Where this process offers itself as a partner for measuring links. */
export interface OwnReflectors {
  /** What machines dial. An address: iperf3 listens on it alone; a name: on every address. */
  host: string;
  /** The first port, and how many from there on. */
  port: number;
  slots: number;
}

type Needs = Pick<ServerContext, "db" | "log" | "replica">;

/** Runs an iperf3 for each run that has leased one of this process's slots, for as long as it has it. */
export class OwnReflectorHost {
  readonly #context: Needs;
  readonly #own: OwnReflectors;
  readonly #running = new Map<number, ChildProcess>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #id = "";
  #stopped = false;

  constructor(context: Needs, own: OwnReflectors) {
    this.#context = context;
    this.#own = own;
  }

  /** Offers the slots. What an earlier process of this place left is gone, and so are its leases. */
  async start(): Promise<void> {
    const { db, replica } = this.#context;
    const { host, port, slots } = this.#own;
    await db
      .deleteFrom("reflectors")
      .where("host", "=", host)
      .where("port", "=", port)
      .where("replica", "<>", "")
      .execute();
    const { id } = await db
      .insertInto("reflectors")
      .values({ host, port, slots, replica, added_by: "server" })
      .returning("id")
      .executeTakeFirstOrThrow();
    this.#id = id;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** Ends every iperf3 and takes the offer back. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    await this.#context.db.deleteFrom("reflectors").where("id", "=", this.#id).execute();
    await Promise.all([...this.#running.keys()].map((slot) => this.#end(slot)));
  }

  #look(): Promise<void> {
    return (this.#looking = this.#looking
      .then(() => this.#match())
      .catch((error: unknown) => {
        this.#context.log.warn({ err: error }, "the leases of reflectors cannot be read; trying again");
      }));
  }

  /** Makes what runs match what is leased. */
  async #match(): Promise<void> {
    if (this.#stopped) return;
    const leases = await this.#context.db
      .selectFrom("reflector_leases")
      .select("slot")
      .where("reflector_id", "=", this.#id)
      .execute();
    const wanted = new Set(leases.map(({ slot }) => slot));
    for (const slot of wanted) if (!this.#running.has(slot)) this.#begin(slot);
    await Promise.all([...this.#running.keys()].filter((slot) => !wanted.has(slot)).map((slot) => this.#end(slot)));
  }

  /** Serves one test; the next look begins the next, while the slot is leased. */
  #begin(slot: number): void {
    const { host, port } = this.#own;
    const only = isIP(host) === 0 ? [] : ["-B", host];
    const args = ["-s", "-1", "--idle-timeout", String(IDLE_SECONDS), "-p", String(port + slot), ...only];
    const child = spawn("iperf3", args, { stdio: "ignore" });
    this.#running.set(slot, child);
    child.on("error", (error) => {
      this.#context.log.warn({ err: error, slot }, "iperf3 cannot be started (Debian package iperf3)");
      this.#running.delete(slot);
    });
    child.on("exit", () => this.#running.delete(slot));
  }

  async #end(slot: number): Promise<void> {
    const child = this.#running.get(slot);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended.catch(() => {});
  }
}
