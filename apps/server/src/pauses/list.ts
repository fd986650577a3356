import type { PauseInfo } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import { pauseMessage } from "./pause-message.ts";

/** Pauses as `p`, with what {@link pauseMessage} takes: an agent by its name. */
export function selectPauses(db: Db) {
  return db
    .selectFrom("pauses as p")
    .leftJoin("agents as a", (join) => join.on("p.scope", "=", "agent").on(sql`a.id::text`, "=", sql.ref("p.target")))
    .select(["p.scope", "p.paused_by", "p.reason", "p.paused_at"])
    .select((eb) => eb.fn.coalesce("a.name", "p.target").as("target"));
}

/** The pauses in force, oldest first. */
export async function listPauses(db: Db): Promise<PauseInfo[]> {
  const rows = await selectPauses(db).orderBy("p.paused_at").orderBy("p.scope").orderBy("p.target").execute();
  return rows.map(pauseMessage);
}
