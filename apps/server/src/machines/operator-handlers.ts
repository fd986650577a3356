import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { addMachine } from "./add.ts";
import { setApproval } from "./approve.ts";
import { findOne } from "./find.ts";
import { importMachines } from "./import.ts";
import { listMachines } from "./list.ts";
import { newestInventory } from "./read-inventory.ts";
import { readMachine } from "./read.ts";

type Handlers = Pick<
  ServiceImpl<typeof OperatorService>,
  "listMachines" | "getMachine" | "addMachine" | "importMachines" | "setMachineApproval" | "getMachineInventory"
>;

/** What people see and say of machines. */
export function machineOperatorHandlers(context: ServerContext): Handlers {
  const { db } = context;
  return {
    listMachines: (request) => listMachines(db, request),
    async getMachine({ machine }) {
      return { machine: await readMachine(db, (await findOne(db, "machine", machine)).id) };
    },
    async addMachine(request, call) {
      const { id, added } = await addMachine(context, actorOf(call), request);
      return { machine: await readMachine(db, id), added };
    },
    importMachines: (request, call) => importMachines(context, actorOf(call), request),
    async setMachineApproval(request, call) {
      return { machine: await readMachine(db, await setApproval(context, actorOf(call), request)) };
    },
    getMachineInventory: ({ machine }) =>
      inSnapshot(context, async (tx) => {
        const found = await findOne(tx, "machine", machine);
        const { runId, inventory } = await newestInventory(tx, context, found);
        return { machine: await readMachine(tx, found.id), runId, inventoryJson: JSON.stringify(inventory) };
      }),
  };
}
