import { isHeld } from "../../../apps/server/src/workflows/rules.ts";
import { admit, reap, serve, waitsForMoment } from "./server.ts";
import type { Database } from "./state.ts";
import { rowOf, update, type Server } from "./transitions.ts";

/** More rounds than any workflow takes. */
const ROUNDS_MAX = 20;

/**
 * What becomes of a database once everything is well: nobody is heard of any more, what is held runs out, and one agent
 * that nothing disturbs does what there is to do.
 */
export function recover(db: Database, server: Server): Database {
  let after: Database = { ...db, upLong: true };
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const workflow of after.rows.keys()) {
      if (isHeld(rowOf(after, workflow).state))
        after = reap(update(after, workflow, { due: "lease" }), server, workflow);
      if (waitsForMoment(rowOf(after, workflow))) after = admit(after, workflow);
    }
    after = work(after, server, round);
  }
  return after;
}

/** Takes one workflow, starts it and ends it. */
function work(db: Database, server: Server, round: number): Database {
  const agent = 0;
  // Nobody has asked under this poll.
  const asked = { kind: "next", agent, generation: db.generations[agent] ?? 0, poll: -1 - round } as const;
  const { db: leased, answers } = serve(db, server, asked);
  const grant = answers.find(({ kind }) => kind === "grant");
  if (!grant) return db;
  const { workflow, epoch } = grant;
  const started = serve(leased, server, { kind: "init", agent, workflow, epoch });
  return serve(started.db, server, { kind: "done", agent, workflow, epoch, said: "done" }).db;
}
