import type { Reflector } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { TERMINAL_STATES } from "../workflows/rules.ts";

/** What a network stage is told of its partner. `busy`: every slot there is has another run; ask again. */
export type Partner =
  | { kind: "leased"; reflector: Reflector }
  | { kind: "busy" }
  | { kind: "absent"; reflectorAbsent: string };

const NONE = "there is no reflector: start the server with --reflector-ports, or add one with `crew reflectors add`";

/**
 * Gives a run a slot of the reflector that has the largest share of them free, for so long; the one that it has, when it
 * has one. A slot comes back when its run gives it back, ends, or has had it for its time.
 */
export async function leaseReflector(tx: Tx, workflowId: string, forMs: number): Promise<Partner> {
  // Held until the commit, so that two runs do not see the same slot as free. One in use may not be added or removed.
  const { rows: known } = await sql`select id from reflectors order by id for update`.execute(tx);
  await takeBack(tx);
  const expiresAt = sql<Date>`now() + ${forMs} * interval '1 millisecond'`;
  const kept = await tx
    .updateTable("reflector_leases")
    .set({ expires_at: expiresAt })
    .where("workflow_id", "=", workflowId)
    .returning(["reflector_id", "slot"])
    .executeTakeFirst();
  const free = kept ?? (await freeSlot(tx));
  if (!free) return known.length === 0 ? { kind: "absent", reflectorAbsent: NONE } : { kind: "busy" };
  if (!kept) {
    await tx
      .insertInto("reflector_leases")
      .values({ ...free, workflow_id: workflowId, expires_at: expiresAt })
      .execute();
  }
  return { kind: "leased", reflector: await factsOf(tx, free) };
}

/** Gives a run's slot back. Idempotent. */
export async function freeReflector(tx: Tx, workflowId: string): Promise<void> {
  await tx.deleteFrom("reflector_leases").where("workflow_id", "=", workflowId).execute();
}

interface Slot {
  reflector_id: string;
  slot: number;
}

/** Takes back the slots of runs that have ended, and those whose time is over. */
async function takeBack(tx: Tx): Promise<void> {
  await tx
    .deleteFrom("reflector_leases as l")
    .where((eb) =>
      eb.or([
        eb("l.expires_at", "<=", sql<Date>`now()`),
        eb.not(
          eb.exists(
            eb
              .selectFrom("workflows as w")
              .select("w.id")
              .whereRef("w.id", "=", "l.workflow_id")
              .where("w.state", "not in", TERMINAL_STATES),
          ),
        ),
      ]),
    )
    .execute();
}

async function freeSlot(tx: Tx): Promise<Slot | undefined> {
  const { rows } = await sql<Slot>`
    select r.id as reflector_id, s.slot
    from reflectors r cross join lateral generate_series(0, r.slots - 1) as s (slot)
    where (r.replica = '' or exists (select from replicas p where p.name = r.replica))
      and not exists (select from reflector_leases l where l.reflector_id = r.id and l.slot = s.slot)
    order by (select count(*) from reflector_leases l where l.reflector_id = r.id)::float / r.slots, r.id, s.slot
    limit 1`.execute(tx);
  return rows[0];
}

/** Slots may all be in use at once, so each is promised its part of the capacity. */
async function factsOf(tx: Tx, { reflector_id: id, slot }: Slot): Promise<Reflector> {
  const row = await tx.selectFrom("reflectors").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const capacity = row.capacity_bits_per_second;
  return {
    host: row.host,
    port: row.port + slot,
    ...(capacity !== null && { capacityBitsPerSecond: Number(capacity) / row.slots }),
  };
}
