import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { json } from "../db/json.ts";
import { requireMap } from "../validate.ts";

/** The largest value of an output, in bytes: what a step may write in all. */
const VALUE_MAX = 64 * 1024;

/** All outputs of a workflow, in bytes: they travel in the grant of each workflow that depends on it. */
const OUTPUTS_MAX_BYTES = 256 * 1024;

/** Outputs as an agent sent them, checked. Throws INVALID_ARGUMENT naming the field. */
export function checkedOutputs(outputs: Record<string, string>): Record<string, string> {
  requireMap("outputs", outputs, { maxEntries: 256, maxKey: 128, maxValue: VALUE_MAX });
  const bytes = Object.entries(outputs).reduce((sum, texts) => sum + Buffer.byteLength(texts.join("=")), 0);
  if (bytes > OUTPUTS_MAX_BYTES) throw invalidField("outputs", `${bytes} bytes`, "at most 256 KiB");
  return outputs;
}

/** Stores the outputs of locked workflows that end, by id. Costs nothing where there are none. */
export async function storeOutputs(tx: Tx, outputs: ReadonlyMap<string, Record<string, string>>): Promise<void> {
  if (outputs.size === 0) return;
  const rows = Array.from(outputs, ([id, named]) => ({ id, named }));
  await sql`
    update workflows w set outputs = g.named
    from jsonb_to_recordset(${json(rows)}) as g (id bigint, named jsonb) where w.id = g.id`.execute(tx);
}
