import type { SecretInfo, SetSecretRequest } from "@groundcrew/proto";
import { conflict, invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext } from "../context.ts";
import { requireText } from "../validate.ts";
import { recordDeed } from "./audit.ts";
import { keyTrouble } from "./keys-in-use.ts";
import { checkedPlace } from "./place.ts";
import { seal } from "./seal.ts";
import { secretMessage, SHOWN_COLUMNS } from "./secret-message.ts";

/** The largest value, in bytes: half of what Linux takes as one variable (MAX_ARG_STRLEN, 128 KiB). */
const VALUE_MAX_BYTES = 64 * 1024;

const EVENTS_MAX = 32;

type Needs = Pick<ServerContext, "db" | "keys" | "log">;

/**
 * Stores a secret, or puts a new value, new events and a new setter in its place. Throws INVALID_ARGUMENT naming the
 * field, never the value, and FAILED_PRECONDITION when other replicas use keys that this server does not have.
 */
export async function setSecret(
  { db, keys, log }: Needs,
  request: SetSecretRequest,
  actor: string,
): Promise<{ secret: SecretInfo; replaced: boolean }> {
  const place = checkedPlace(request);
  const events = checkedEvents(request.events);
  const sealed = seal(keys, place, checkedValue(request.value));
  const trouble = await keyTrouble(db, keys);
  if (trouble !== undefined) throw conflict(trouble);
  const { replaced, ...row } = await db.transaction().execute(async (tx) => {
    await recordDeed(tx, { action: "set", ...place, actor });
    return (
      tx
        .insertInto("secrets")
        .values({ ...place, ...sealed, events, set_by: actor })
        .onConflict((same) =>
          same.columns(["scope", "target", "name"]).doUpdateSet({
            ...sealed,
            events,
            set_by: actor,
            updated_at: sql<Date>`now()`,
          }),
        )
        .returning(SHOWN_COLUMNS)
        // A row that was there before carries the transaction that updated it.
        .returning(sql<boolean>`xmax <> 0`.as("replaced"))
        .executeTakeFirstOrThrow()
    );
  });
  log.info({ ...place, events, actor, replaced }, "a secret was set");
  return { secret: secretMessage(row), replaced };
}

function checkedValue(value: string): string {
  const bytes = Buffer.byteLength(value);
  if (bytes === 0 || bytes > VALUE_MAX_BYTES) throw invalidField("value", `${bytes} bytes`, "1 byte to 64 KiB");
  if (value.includes("\0")) throw invalidField("value", "text with a NUL", "text without NUL");
  return value;
}

function checkedEvents(events: readonly string[]): string[] {
  if (events.length > EVENTS_MAX) throw invalidField("events", `${events.length} entries`, `at most ${EVENTS_MAX}`);
  const rule = { pattern: /^[a-z][a-z_]{0,31}$/, max: 32, expected: "events, such as push, tag or pull_request" };
  return [...new Set(events.map((event) => requireText("events", event, rule)))].toSorted();
}
