import type { ImportMachinesRequest } from "@groundcrew/proto";
import { ConnectError, invalidField } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { register } from "./add.ts";
import { mistakes, readDelivery } from "./delivery.ts";

/**
 * Registers the machines of a delivery, all or none. Doing it again adds none and changes what the file says. Throws
 * INVALID_ARGUMENT with line and column.
 */
export async function importMachines(
  { db }: Pick<ServerContext, "db">,
  actor: string,
  { file }: ImportMachinesRequest,
): Promise<{ added: number; updated: number }> {
  if (!file) throw invalidField("file", "absent", "a CSV file");
  const delivered = readDelivery(file);
  return db.transaction().execute(async (tx) => {
    let added = 0;
    for (const { declaration, row } of delivered) {
      const made = await register(tx, declaration, actor).catch((error: unknown) => {
        if (!(error instanceof ConnectError)) throw error;
        throw mistakes([{ path: file.path, line: row.line, column: row.column, message: error.rawMessage }]);
      });
      if (made.added) added += 1;
    }
    return { added, updated: delivered.length - added };
  });
}
