import { conflict } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { json } from "../db/json.ts";
import { recordDeed } from "./audit.ts";
import type { KeyRing } from "./key-ring.ts";
import { rotateHoldKeys } from "../vetting/hold-key.ts";
import { seal, unseal, UnreadableSecret } from "./seal.ts";

/** How many secrets one transaction encrypts anew: at 64 KiB each, at most 3 MiB. */
const BATCH = 50;

type Needs = Pick<ServerContext, "db" | "keys" | "log">;

/**
 * Encrypts with the first key whatever is encrypted with another, a batch at a time: broken off, it goes on where it was;
 * meanwhile each secret can be read and set. Returns how many those were. Throws FAILED_PRECONDITION naming a secret that
 * this server cannot read, after those before it.
 */
export async function rotateKey({ db, keys, log }: Needs, actor: string): Promise<number> {
  let rotated = 0;
  for (;;) {
    const count = await db.transaction().execute((tx) => rotateBatch(tx, keys));
    rotated += count;
    if (count === 0) break;
  }
  rotated += await db.transaction().execute((tx) => rotateHoldKeys(tx, keys));
  await db.transaction().execute((tx) => recordDeed(tx, { action: "rotate", key_id: keys.first.id, actor }));
  log.info({ keyId: keys.first.id, rotated, actor }, "secrets were encrypted with the first key");
  return rotated;
}

async function rotateBatch(tx: Tx, keys: KeyRing): Promise<number> {
  // One at a time: whom another waits for would leave it nothing of the batch that it saw.
  await sql`select pg_advisory_xact_lock(hashtextextended('secrets', 0))`.execute(tx);
  const rows = await tx
    .selectFrom("secrets")
    .select(["id", "scope", "target", "name", "key_id", "sealed"])
    .where("key_id", "<>", keys.first.id)
    .orderBy("id")
    .limit(BATCH)
    .forUpdate()
    .execute();
  const anew = rows.map((row) => ({ id: row.id, ...seal(keys, row, readable(keys, row)) }));
  const written = anew.map(({ id, key_id, sealed }) => ({ id, key_id, hex: Buffer.from(sealed).toString("hex") }));
  await sql`
    update secrets s set key_id = g.key_id, sealed = decode(g.hex, 'hex')
    from jsonb_to_recordset(${json(written)}) as g (id bigint, key_id text, hex text) where s.id = g.id`.execute(tx);
  return rows.length;
}

function readable(keys: KeyRing, row: Parameters<typeof unseal>[1]): string {
  try {
    return unseal(keys, row);
  } catch (error) {
    throw error instanceof UnreadableSecret ? conflict(error.message) : error;
  }
}
