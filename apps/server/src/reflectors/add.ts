import type { AddReflectorRequest } from "@groundcrew/proto";
import { conflict, invalidField } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { requireRange, requireText } from "../validate.ts";

/** Where iperf3 listens unless told otherwise. */
const DEFAULT_PORT = 5201;

/** A host name or an address: nothing that iperf3 could take for an option. */
const HOST = /^[A-Za-z0-9:][A-Za-z0-9.:_-]*$/;

/**
 * Adds a reflector that somebody runs. Returns its id. Throws INVALID_ARGUMENT naming the field, and ALREADY_EXISTS or
 * FAILED_PRECONDITION for a host and port that is there already.
 */
export async function addReflector(
  { db, log }: Pick<ServerContext, "db" | "log">,
  request: AddReflectorRequest,
  actor: string,
): Promise<string> {
  const host = requireText("host", request.host, {
    min: 1,
    max: 253,
    pattern: HOST,
    expected: "a host name or address",
  });
  const port = requireRange("port", request.port || DEFAULT_PORT, 1, 65_535);
  const slots = requireRange("slots", request.slots || 1, 1, Math.min(1024, 65_536 - port));
  const row = await db
    .insertInto("reflectors")
    .values({ host, port, slots, capacity_bits_per_second: capacityOf(request), added_by: actor })
    .onConflict((same) => same.columns(["host", "port"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  if (!row) throw conflict(`there is a reflector ${host}:${port} already; remove it first`);
  log.info({ host, port, slots, actor }, "a reflector was added");
  return row.id;
}

function capacityOf({ capacityBitsPerSecond: given }: AddReflectorRequest): string | null {
  if (given === "0") return null;
  if (/^[1-9]\d{0,15}$/.test(given)) return given;
  throw invalidField("capacity_bits_per_second", given, "a number of bits a second, or 0 for not known");
}
