import { conflict } from "@groundcrew/rpc";
import { withAct } from "@groundcrew/vetting";
import type { ServerContext, Tx } from "../context.ts";
import { seal, unseal, type SealedPlace } from "../secrets/seal.ts";
import { lockRun } from "./lock-run.ts";
import { databaseNow, writeVettingRun } from "./run-row.ts";
import { makeSshKey, type SshKeyPair } from "./ssh-key.ts";

/** Makes a key for a run that begins to hold, or finds the one it has. Returns the public key. */
export async function keyForHold(tx: Tx, { keys }: Pick<ServerContext, "keys">, id: string): Promise<string> {
  const known = await tx
    .selectFrom("vetting_hold_keys")
    .select("public_key")
    .where("workflow_id", "=", id)
    .executeTakeFirst();
  if (known) return known.public_key;
  const { publicKey, privateKey } = makeSshKey(`groundcrew-hold-${id}`);
  await tx
    .insertInto("vetting_hold_keys")
    .values({ workflow_id: id, public_key: publicKey, ...seal(keys, placeOf(id), privateKey) })
    .execute();
  return publicKey;
}

/** The key of a held run, for an operator; that it was handed out is noted in the run. Throws FAILED_PRECONDITION. */
export async function releaseHoldKey(context: ServerContext, id: string, actor: string): Promise<SshKeyPair> {
  const pair = await context.db.transaction().execute(async (tx) => {
    const { vetting } = await lockRun(tx, id);
    const row = await tx.selectFrom("vetting_hold_keys").selectAll().where("workflow_id", "=", id).executeTakeFirst();
    if (vetting.run.at !== "holding")
      throw conflict(`vetting run ${id} is at ${vetting.run.at}: only a held one has a key`);
    if (!row) throw conflict(`profile ${vetting.profile_name} asks for no key: it needs "hold: {ssh_key: true}"`);
    const run = withAct(vetting.run, { kind: "key", by: actor, at: (await databaseNow(tx)).toISOString() });
    await writeVettingRun(tx, id, { run });
    return { publicKey: row.public_key, privateKey: unseal(context.keys, { ...row, ...placeOf(id) }) };
  });
  context.log.info({ workflowId: id, actor }, "the key to a held machine was handed out");
  context.hints.publish(`workflow:${id}`);
  return pair;
}

/** Encrypts with the first key what is encrypted with another, as far as it can be read: a hold ends in any case. */
export async function rotateHoldKeys(tx: Tx, keys: ServerContext["keys"]): Promise<number> {
  const rows = await tx
    .selectFrom("vetting_hold_keys")
    .selectAll()
    .where("key_id", "<>", keys.first.id)
    .where("key_id", "in", keys.ids)
    .forUpdate()
    .execute();
  for (const row of rows) {
    const place = placeOf(row.workflow_id);
    const sealed = seal(keys, place, unseal(keys, { ...row, ...place }));
    await tx.updateTable("vetting_hold_keys").set(sealed).where("workflow_id", "=", row.workflow_id).execute();
  }
  return rows.length;
}

function placeOf(id: string): SealedPlace {
  return { scope: "vetting_run", target: id, name: "hold_key" };
}
