import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ListMachinesRequest, ListMachinesResponseSchema } from "@groundcrew/proto";
import type { Db } from "../context.ts";
import { createdBefore, creationKey, creationPage, paged } from "../page.ts";
import { machineMessage, selectMachines } from "./machine-message.ts";

/** A page of machines, newest first, in one statement. */
export async function listMachines(
  db: Db,
  request: ListMachinesRequest,
): Promise<MessageInitShape<typeof ListMachinesResponseSchema>> {
  const page = creationPage(request.page);
  const read = await selectMachines(db)
    .select(creationKey("machines").as("key"))
    .$if(page.after !== undefined, (query) => query.where(createdBefore("machines", page.after ?? "")))
    .orderBy("machines.created_at", "desc")
    .orderBy("machines.id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, ({ key }) => key);
  return { machines: rows.map(machineMessage), nextPageToken };
}
