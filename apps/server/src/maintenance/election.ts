import { sql } from "kysely";
import type { ServerContext } from "../context.ts";

type Candidate = Pick<ServerContext, "db" | "replica">;

/**
 * Takes the maintenance for `leaseMs` milliseconds when nobody has it, or keeps it when this replica does. Returns the
 * term, a number that grows with each change of hands; undefined while another replica has it.
 */
export async function campaign({ db, replica }: Candidate, leaseMs: number): Promise<string | undefined> {
  const { rows } = await sql<{ term: string }>`
    update maintenance set
      term = case when replica = ${replica} and until > now() then term else term + 1 end,
      replica = ${replica},
      until = now() + ${leaseMs} * interval '1 millisecond'
    where replica = ${replica} or until <= now()
    returning term`.execute(db);
  return rows[0]?.term;
}

/** Leaves the maintenance to whoever asks next, if this replica has it. */
export async function resign({ db, replica }: Candidate): Promise<void> {
  await db
    .updateTable("maintenance")
    .set({ until: sql<Date>`now()` })
    .where("replica", "=", replica)
    .where("until", ">", sql<Date>`now()`)
    .execute();
}
