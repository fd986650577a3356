import type { Db } from "../context.ts";
import { pauseMessage } from "../pauses/pause-message.ts";
import type { Reason } from "./reason.ts";
import type { Subject } from "./subject.ts";
import { moment } from "./words.ts";

/** Who paused something, and why. */
export interface PauseFacts {
  paused_by: string;
  paused_at: Date;
  reason: string;
}

/** The pauses of the queue and of its repository, the wider first. */
export async function pauseReasons(db: Db, { repository }: Subject): Promise<Reason[]> {
  const rows = await db
    .selectFrom("pauses")
    .selectAll()
    .where((row) =>
      row.or([row("scope", "=", "queue"), row.and([row("scope", "=", "repository"), row("target", "=", repository)])]),
    )
    .orderBy("scope")
    .execute();
  return rows.map((row) => ({
    text: `${row.scope === "queue" ? "the queue" : `repository ${row.target}`} is ${inWords(row)}`,
    reason: { case: "pause", value: pauseMessage(row) },
  }));
}

/** By whom something is paused, since when and why. */
export function inWords({ paused_by, paused_at, reason }: PauseFacts): string {
  return `paused by ${paused_by} since ${moment(paused_at)}${reason && `: ${reason}`}`;
}
