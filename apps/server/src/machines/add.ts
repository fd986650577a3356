import type { AddMachineRequest } from "@groundcrew/proto";
import { conflict, invalidField } from "@groundcrew/rpc";
import { matchingMachines } from "../agents/machine.ts";
import type { ServerContext, Tx } from "../context.ts";
import { json } from "../db/json.ts";
import { checkedDeclaration, type Declaration } from "./declaration.ts";
import { describeMachine } from "./describe.ts";

/**
 * Registers a machine, or says more of the one that has this identity. What an operator names is approved. Returns its
 * id. Throws INVALID_ARGUMENT naming the field, and FAILED_PRECONDITION when the identity is that of several machines.
 */
export async function addMachine(
  { db }: Pick<ServerContext, "db">,
  actor: string,
  request: AddMachineRequest,
): Promise<{ id: string; added: boolean }> {
  const declaration = checkedDeclaration(request);
  return db.transaction().execute((tx) => register(tx, declaration, actor));
}

/** {@link addMachine} in a transaction, of what was checked. */
export async function register(
  tx: Tx,
  declaration: Declaration,
  actor: string,
): Promise<{ id: string; added: boolean }> {
  await requireSpec(tx, declaration.spec);
  const { systemUuid: system_uuid, boardSerial: board_serial, serial, macs } = declaration;
  const identity = { system_uuid, board_serial, serial, macs: [...macs] };
  const [known, ...others] = await matchingMachines(tx, identity);
  if (known && others.length > 0) {
    const names = [known, ...others].map(describeMachine).join("; ");
    throw conflict(`this identity is that of several machines: ${names}`);
  }
  await requireFreeName(tx, declaration.name, known?.id);
  if (known) {
    await tx
      .updateTable("machines")
      .set(saidOf(declaration, known, actor))
      .where("id", "=", known.id)
      .execute();
    return { id: known.id, added: false };
  }
  const values = { ...identity, vendor: "", product: "", hostname: "", ...saidOf(declaration, NOTHING, actor) };
  const { id } = await tx.insertInto("machines").values(values).returning("id").executeTakeFirstOrThrow();
  return { id, added: true };
}

const NOTHING = { name: "", labels: {}, declared: {}, power_watts: null, spec_name: null, serial: "", system_uuid: "" };

/** What is not said stays as it was; labels are added to those there are. */
function saidOf(
  { name, labels, powerWatts, spec, macs, diskSerials, serial, systemUuid }: Declaration,
  known: Omit<typeof NOTHING, "declared" | "labels" | "power_watts" | "spec_name"> & {
    labels: Record<string, string>;
    declared: object;
    power_watts: number | null;
    spec_name: string | null;
  },
  actor: string,
) {
  const declared = {
    ...known.declared,
    ...(macs.length > 0 && { macs }),
    ...(diskSerials.length > 0 && { diskSerials }),
  };
  return {
    name: name || known.name,
    serial: known.serial || serial,
    system_uuid: known.system_uuid || systemUuid,
    labels: json({ ...known.labels, ...labels }),
    power_watts: powerWatts > 0 ? powerWatts : known.power_watts,
    spec_name: spec || known.spec_name,
    declared: json(declared),
    registered_by: actor,
    approval: "approved" as const,
    approved_by: actor,
  };
}

async function requireSpec(tx: Tx, name: string): Promise<void> {
  if (name === "") return;
  const found = await tx.selectFrom("specs").select("name").where("name", "=", name).executeTakeFirst();
  if (!found) throw invalidField("spec", name, "a specification that the server has: crew vet spec ls");
}

async function requireFreeName(tx: Tx, name: string, id: string | undefined): Promise<void> {
  if (name === "") return;
  const holder = await tx.selectFrom("machines").selectAll().where("name", "=", name).executeTakeFirst();
  if (holder && holder.id !== id) {
    throw invalidField("name", name, `a name of its own: it is that of ${describeMachine(holder)}`);
  }
}
