import { create } from "@bufbuild/protobuf";
import { ReflectorInfoSchema, type ReflectorInfo } from "@groundcrew/proto";
import type { Db } from "../context.ts";
import { timestampOf } from "../names.ts";

/** Reflectors, oldest first, with how many of their slots are in use. */
export async function readReflectors(db: Db): Promise<ReflectorInfo[]> {
  const rows = await db
    .selectFrom("reflectors as r")
    .selectAll("r")
    .select((eb) =>
      eb
        .selectFrom("reflector_leases as l")
        .select((count) => count.fn.countAll<string>().as("leased"))
        .whereRef("l.reflector_id", "=", "r.id")
        .as("leased"),
    )
    .orderBy("r.id")
    .execute();
  return rows.map((row) =>
    create(ReflectorInfoSchema, {
      id: row.id,
      host: row.host,
      port: row.port,
      slots: row.slots,
      leasedSlots: Number(row.leased ?? 0),
      capacityBitsPerSecond: row.capacity_bits_per_second ?? "0",
      replica: row.replica,
      addedBy: row.added_by,
      createdAt: timestampOf(row.created_at),
    }),
  );
}
