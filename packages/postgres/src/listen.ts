import { once } from "node:events";
import { createServer } from "node:net";
import type { Account } from "./account.ts";
import { PostgresError } from "./postgres-error.ts";
import { startPostmaster, type Postmaster } from "./postmaster.ts";

/** Other programs may take the port between our asking for a free one and Postgres's binding it. */
const PORT_TRIES = 5;

/** What Postgres says when it could not bind its port. */
const PORT_TAKEN = /could not create any TCP\/IP sockets/;

interface ListenOptions {
  readonly postgres: string;
  readonly account: Account;
  readonly dataDir: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Starts a server process on a port of `ports` and waits until it accepts connections. Rejects with `start_failed`. */
export async function listen(
  options: ListenOptions,
  ports: () => Promise<number>,
): Promise<{ port: number; postmaster: Postmaster }> {
  for (let tries = 1; ; tries += 1) {
    const port = await ports();
    const settings = settingsFor(port, options.settings);
    const postmaster = startPostmaster({ ...options, settings, log: options.log ?? (() => {}) });
    try {
      await readyOrAborted(postmaster, options.signal);
      return { port, postmaster };
    } catch (error) {
      options.signal?.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      if (tries < PORT_TRIES && PORT_TAKEN.test(message)) continue;
      throw new PostgresError("start_failed", `Postgres did not start on ${options.dataDir}: ${message}`, {
        cause: error,
      });
    }
  }
}

async function readyOrAborted(postmaster: Postmaster, signal: AbortSignal | undefined): Promise<void> {
  const stop = (): void => postmaster.kill("SIGINT");
  signal?.addEventListener("abort", stop);
  try {
    await postmaster.ready;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function settingsFor(port: number, settings: ListenOptions["settings"]): Record<string, string> {
  return {
    lc_messages: "C", // `ready` reads the log
    log_line_prefix: "", // whoever takes the lines stamps them
    log_timezone: "UTC",
    timezone: "UTC",
    ...settings,
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "", // their paths may be too long; TCP works from any directory
  };
}

/** A port that nobody used a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
}
