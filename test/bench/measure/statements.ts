import { delay } from "@groundcrew/rpc";
import type { Cluster } from "./cluster.ts";

/** What Postgres was asked in a while. */
export interface Asked {
  /** Statements of all kinds, per second. */
  perS: number;
  /** Those that write what agents report about themselves, per second. */
  healthPerS: number;
}

/** A statement in Postgres's own log. */
const STATEMENT = /^LOG: {2}(execute|statement)/;
const HEALTH = /update "?agents"?\b/i;

/** Counts every statement that reaches Postgres, by letting it log them all for so long. */
export async function countStatements({ admin, log }: Cluster, lengthMs: number): Promise<Asked> {
  let [all, health] = [0, 0];
  const count = (line: string): void => {
    if (STATEMENT.test(line)) all++;
    if (HEALTH.test(line)) health++;
  };
  await setLogging(admin, "all");
  log.on("line", count);
  await delay(lengthMs);
  log.off("line", count);
  await setLogging(admin, "none");
  return { perS: all / (lengthMs / 1_000), healthPerS: health / (lengthMs / 1_000) };
}

/** For how long a reloaded setting may take to reach every session, in milliseconds. */
const RELOAD_MS = 500;

async function setLogging(admin: Cluster["admin"], what: "all" | "none"): Promise<void> {
  await admin.unsafe(`alter system set log_statement = '${what}'`);
  await admin`select pg_reload_conf()`;
  await delay(RELOAD_MS);
}
