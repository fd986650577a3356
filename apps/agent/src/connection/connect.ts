import { backoffDelays, Code, ConnectError, delay, dial, type Connection, type DialOptions } from "@groundcrew/rpc";
import { ExitCode, FatalError } from "../exit.ts";
import type { Log } from "../log.ts";
import { Outage } from "./outage.ts";

/** Prepares the connection. Waits for a server whose certificate must be looked at; throws a FatalError for others. */
export async function connect(options: DialOptions, log: Log, signal: AbortSignal): Promise<Connection> {
  const outage = new Outage({ log });
  for (const pauseMs of backoffDelays({ minMs: 100, maxMs: 10_000 })) {
    try {
      const connection = await dial(options);
      outage.over();
      return connection;
    } catch (error) {
      if (!(error instanceof ConnectError) || error.code !== Code.Unavailable) throw badSettings(error);
      outage.failed(error);
      await delay(pauseMs, signal);
    }
  }
  throw new Error("unreachable");
}

function badSettings(error: unknown): FatalError {
  const message = error instanceof ConnectError ? error.rawMessage : String(error);
  return new FatalError(ExitCode.BAD_SETTINGS, message, { cause: error });
}
