import { resolve } from "node:path";
import { findAccount } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { createCluster, readPassword, SUPERUSER } from "./cluster.ts";
import { checkDataDir } from "./data-dir.ts";
import { freePort, listen } from "./listen.ts";
import { lock } from "./lock.ts";
import { stopOrphan } from "./orphan.ts";
import type { Exit, Postmaster } from "./postmaster.ts";
import { shutDown } from "./shut-down.ts";

export interface StartOptions {
  /** Where the cluster lives or shall live. Beside it: `DIR.password`, `DIR.lock`. */
  readonly dataDir: string;
  /** Stops the server, or the start of it. */
  readonly signal?: AbortSignal;
  /** Called with each line that Postgres logs. Default: dropped. */
  readonly log?: (line: string) => void;
  /** Postgres settings, such as `{ fsync: "off" }` for a cluster that need not survive a power cut. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running Postgres on the loopback interface. */
export interface EmbeddedPostgres {
  /** `postgres://USER:PASSWORD@127.0.0.1:PORT/postgres`, as the superuser. */
  readonly url: string;
  readonly port: number;
  /** Resolves when the server has ended, wanted or not. */
  readonly exited: Promise<Exit>;
  /** A fast shutdown: open sessions are cut, what is committed is safe. Idempotent; resolves when it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a Postgres on a data directory, first making it if it is absent or empty. One server at a time uses a data
 * directory; one that a killed process left running is stopped first.
 * As root it runs as the user `postgres`, which must be able to enter the directory. Rejects with `PostgresError`.
 */
export async function startPostgres(options: StartOptions): Promise<EmbeddedPostgres> {
  options.signal?.throwIfAborted();
  const dataDir = resolve(options.dataDir);
  const account = await findAccount();
  const binaries = await findBinaries(account);
  await checkDataDir(dataDir, account, binaries.major);
  const held = lock(dataDir);
  try {
    const sync = options.settings?.["fsync"] !== "off";
    const state = await checkDataDir(dataDir, account, binaries.major);
    if (state === "absent") await createCluster({ dataDir, account, binaries, sync, signal: options.signal });
    await stopOrphan(dataDir, options.signal);
    const password = await readPassword(dataDir);
    const { port, postmaster } = await listen({ ...options, dataDir, account, postgres: binaries.postgres }, freePort);
    void postmaster.exited.then(() => held.release());
    return running(postmaster, port, password, options.signal);
  } catch (error) {
    held.release();
    throw error;
  }
}

function running(postmaster: Postmaster, port: number, password: string, signal?: AbortSignal): EmbeddedPostgres {
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= shutDown({ kill: (name) => postmaster.kill(name), gone: postmaster.exited }));
  const onAbort = (): void => void stop();
  signal?.addEventListener("abort", onAbort);
  void postmaster.exited.then(() => signal?.removeEventListener("abort", onAbort));
  if (signal?.aborted) onAbort();
  return {
    url: `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`,
    port,
    exited: postmaster.exited,
    stop,
  };
}
