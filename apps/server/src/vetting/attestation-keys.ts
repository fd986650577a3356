import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AttestationKeySchema } from "@groundcrew/proto";
import { keyIdOf } from "@groundcrew/vetting";
import { sql } from "kysely";
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Db, ServerContext, Tx } from "../context.ts";
import { seal, unseal, type SealedPlace } from "../secrets/seal.ts";

/**
 * Makes the key that reports are signed with, at the first start of a database, and encrypts it anew when the server's
 * first secret key is another than it was. A key whose secret key is lost is left to verify what it has signed, and a new
 * one is made. For the start of the server.
 */
export async function openSigningKey({ db, keys, log }: Pick<ServerContext, "db" | "keys" | "log">): Promise<void> {
  const made = await db.transaction().execute((tx) => openKey(tx, keys));
  if (made !== undefined) log.info({ attestationKey: made }, "made a key that vetting reports are signed with");
}

/** The key that signs now. Makes it if there is none. */
export async function signingKey(tx: Tx, keys: ServerContext["keys"]): Promise<KeyObject> {
  await openKey(tx, keys);
  const row = await newest(tx, keys);
  if (!row) throw new Error("there is no attestation key, and none could be made");
  return createPrivateKey(unseal(keys, { ...placeOf(row.id), ...row }));
}

/** The public keys, the one that signs now first. */
export async function publishedKeys(db: Db): Promise<MessageInitShape<typeof AttestationKeySchema>[]> {
  const rows = await db.selectFrom("attestation_keys").selectAll().orderBy("created_at", "desc").execute();
  return rows.map(({ id, public_key: publicKey, created_at }) => ({
    id,
    publicKey,
    createdAt: timestampFromDate(created_at),
  }));
}

/** Answers the id of a key that it had to make. */
async function openKey(tx: Tx, keys: ServerContext["keys"]): Promise<string | undefined> {
  const row = await newest(tx, keys);
  if (row?.key_id === keys.first.id) return undefined;
  // Replicas that start together make one key.
  await sql`select pg_advisory_xact_lock(hashtextextended('attestation_keys', 0))`.execute(tx);
  const now = await newest(tx, keys);
  if (now === undefined) return makeKey(tx, keys);
  if (now.key_id === keys.first.id) return undefined;
  const pem = unseal(keys, { ...placeOf(now.id), ...now });
  await tx
    .updateTable("attestation_keys")
    .set(seal(keys, placeOf(now.id), pem))
    .where("id", "=", now.id)
    .execute();
  return undefined;
}

/** The newest key that this server can open. */
function newest(tx: Tx, keys: ServerContext["keys"]) {
  return tx
    .selectFrom("attestation_keys")
    .selectAll()
    .where("key_id", "in", keys.ids)
    .orderBy("created_at", "desc")
    .limit(1)
    .executeTakeFirst();
}

async function makeKey(tx: Tx, keys: ServerContext["keys"]): Promise<string> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const publicKey = createPublicKey(privateKey);
  const id = keyIdOf(publicKey);
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  const sealed = seal(keys, placeOf(id), pem);
  const row = { id, public_key: publicKey.export({ type: "spki", format: "pem" }), ...sealed };
  await tx.insertInto("attestation_keys").values(row).execute();
  return id;
}

function placeOf(id: string): SealedPlace {
  return { scope: "server", target: "attestation", name: id };
}
