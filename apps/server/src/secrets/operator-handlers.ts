import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { listSecretEvents } from "./audit.ts";
import { listSecrets } from "./list.ts";
import { removeSecret } from "./remove.ts";
import { rotateKey } from "./rotate.ts";
import { setSecret } from "./set.ts";

type Handlers = Pick<
  ServiceImpl<typeof OperatorService>,
  "setSecret" | "listSecrets" | "listSecretEvents" | "removeSecret" | "rotateSecretKey"
>;

/** What people do with secrets. None of it tells a value. */
export function secretOperatorHandlers(context: ServerContext): Handlers {
  return {
    setSecret: (request, call) => setSecret(context, request, actorOf(call)),
    listSecrets: (request) => listSecrets(context.db, request),
    listSecretEvents: (request) => listSecretEvents(context.db, request),
    removeSecret: async (request, call) => ({ removed: await removeSecret(context, request, actorOf(call)) }),
    rotateSecretKey: async (_request, call) => ({
      rotatedCount: await rotateKey(context, actorOf(call)),
      keyId: context.keys.first.id,
    }),
  };
}
