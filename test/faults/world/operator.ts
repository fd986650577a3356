import { OperatorService } from "@groundcrew/proto";
import { Code, ConnectError, createClient, delay, dial, isRetryable } from "@groundcrew/rpc";
import { atEnd, startProxy, type Operator, type Owner } from "@groundcrew/testkit/processes";
import type { Replica } from "./replica.ts";

/** How long one call may take, in milliseconds: one that takes longer is repeated, on another replica perhaps. */
const CALL_MS = 2_500;
const AGAIN_MS = 200;

/** An operator's client of whichever replica answers. */
export interface AnyReplica {
  /** Repeats a call until it is answered or the signal aborts. Throws refusals. */
  ask<T>(call: (operator: Operator, how: { timeoutMs: number }) => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** Dials the replicas as a load balancer would. */
export async function dialAny(owner: Owner, replicas: readonly Replica[]): Promise<AnyReplica> {
  const balancer = await startProxy(owner, ...replicas.map(({ server }) => server.url));
  const token = replicas[0]?.server.adminToken ?? "";
  const connect = () => dial({ url: balancer.url, token });
  let connection = await connect();
  atEnd(owner, () => connection.close());
  return {
    async ask(call, signal) {
      for (;;) {
        const used = connection;
        try {
          signal.throwIfAborted();
          return await call(createClient(OperatorService, used.transport), { timeoutMs: CALL_MS });
        } catch (error) {
          if (!isWorthRepeating(error)) throw error;
          await delay(AGAIN_MS, signal);
        }
        // A new connection goes to the next replica, and does not wait longer and longer as an old one would.
        if (connection === used) connection = await replaced(used, connect);
      }
    },
  };
}

type Connection = Awaited<ReturnType<typeof dial>>;

async function replaced(used: Connection, connect: () => Promise<Connection>): Promise<Connection> {
  const fresh = await connect();
  // Calls of others on the old one are canceled, and repeated as well.
  used.close();
  return fresh;
}

function isWorthRepeating(error: unknown): boolean {
  return isRetryable(error) || (error instanceof ConnectError && error.code === Code.Canceled);
}
