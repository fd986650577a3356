import type { MachineIdentity } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { requireText } from "../validate.ts";

const FIELD_MAX = 256;
const MACS_MAX = 64;

/**
 * The machine with this identity, made when it is new. Known by its system UUID, else its board serial, else a MAC it
 * shares; a machine that tells nothing of itself is the one its agent had before.
 */
export async function findMachine(tx: Tx, identity: MachineIdentity, previousId: string | null): Promise<string> {
  const values = checkedIdentity(identity);
  const id = (await matching(tx, values)) ?? previousId;
  if (id === null) return insert(tx, values);
  await tx.updateTable("machines").set(values).where("id", "=", id).execute();
  return id;
}

type Values = ReturnType<typeof checkedIdentity>;

function checkedIdentity(identity: MachineIdentity) {
  const text = (field: "systemUuid" | "boardSerial" | "vendor" | "product" | "serial" | "hostname"): string =>
    requireText(`info.machine.${field}`, identity[field], {
      max: FIELD_MAX,
      expected: `at most ${FIELD_MAX} characters`,
    });
  const macs = identity.macs.slice(0, MACS_MAX).filter((mac) => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac));
  return {
    system_uuid: text("systemUuid"),
    board_serial: text("boardSerial"),
    macs,
    vendor: text("vendor"),
    product: text("product"),
    serial: text("serial"),
    hostname: text("hostname"),
  };
}

async function matching(tx: Tx, { system_uuid, board_serial, macs }: Values): Promise<string | undefined> {
  // One registration at a time decides what is a new machine.
  await sql`select pg_advisory_xact_lock(hashtext('groundcrew machines'))`.execute(tx);
  const machines = tx.selectFrom("machines").select("id").orderBy("created_at");
  const found =
    (system_uuid !== "" && (await machines.where("system_uuid", "=", system_uuid).executeTakeFirst())) ||
    (board_serial !== "" && (await machines.where("board_serial", "=", board_serial).executeTakeFirst())) ||
    (macs.length > 0 && (await machines.where("macs", "&&", sql<string[]>`${macs}::text[]`).executeTakeFirst())) ||
    undefined;
  return found?.id;
}

async function insert(tx: Tx, values: Values): Promise<string> {
  const { id } = await tx.insertInto("machines").values(values).returning("id").executeTakeFirstOrThrow();
  return id;
}
