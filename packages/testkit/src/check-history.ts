import postgres from "postgres";
import { readStored, STORED_INVARIANTS, violationsOf } from "./history/index.ts";

/**
 * Reads what a database says happened, and throws with everything that must never have: a workflow that ended twice or
 * reopened, a transition that does not follow on the one before, an epoch that did not grow or was used twice, two
 * live leases, reports under an epoch that nobody was given, log lines that are missing or stored twice.
 */
export async function checkHistory(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  try {
    const violations = violationsOf(await readStored(sql), STORED_INVARIANTS);
    const told = violations.map(({ invariant, message }) => `${invariant}: ${message}`);
    if (told.length > 0) throw new Error(`the history breaks promises:\n${told.join("\n")}`);
  } finally {
    await sql.end();
  }
}
