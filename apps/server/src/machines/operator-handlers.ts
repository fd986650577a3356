import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { listMachines } from "./list.ts";

/** What people see of machines. */
export function machineOperatorHandlers({
  db,
}: Pick<ServerContext, "db">): Pick<ServiceImpl<typeof OperatorService>, "listMachines"> {
  return { listMachines: (request) => listMachines(db, request) };
}
