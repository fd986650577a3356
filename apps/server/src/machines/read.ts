import type { Machine } from "@groundcrew/proto";
import type { Db } from "../context.ts";
import { machineMessage, selectMachines } from "./machine-message.ts";

/** A machine that exists, as the contract has it. */
export async function readMachine(db: Db, id: string): Promise<Machine> {
  return machineMessage(await selectMachines(db).where("machines.id", "=", id).executeTakeFirstOrThrow());
}
