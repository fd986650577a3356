import type { OperatorService } from "@groundcrew/proto";
import { notFound, type ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { requireId } from "../validate.ts";
import { addReflector } from "./add.ts";
import { readReflectors } from "./reflector-message.ts";

type Handlers = Pick<ServiceImpl<typeof OperatorService>, "addReflector" | "listReflectors" | "removeReflector">;

/** What people do with reflectors. */
export function reflectorOperatorHandlers(context: ServerContext): Handlers {
  return {
    async addReflector(request, call) {
      const id = await addReflector(context, request, actorOf(call));
      return { reflector: (await readReflectors(context.db)).find((each) => each.id === id) };
    },
    listReflectors: async () => ({ reflectors: await readReflectors(context.db) }),
    async removeReflector({ id }, call) {
      await removeReflector(context, requireId("id", id), actorOf(call));
      return {};
    },
  };
}

/** A test that runs against it goes on; no other begins. */
async function removeReflector({ db, log }: ServerContext, id: string, actor: string): Promise<void> {
  const removed = await db.deleteFrom("reflectors").where("id", "=", id).where("replica", "=", "").executeTakeFirst();
  if (removed.numDeletedRows === 0n) throw notFound("reflector", id);
  log.info({ id, actor }, "a reflector was removed");
}
