import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { listPauses } from "./list.ts";
import { pause } from "./pause.ts";
import { resume } from "./resume.ts";

type Handlers = Pick<ServiceImpl<typeof OperatorService>, "pause" | "resume" | "listPauses">;

/** What people pause. */
export function pauseOperatorHandlers(context: ServerContext): Handlers {
  return {
    pause: async (request, call) => ({ pause: await pause(context, request, actorOf(call)) }),
    resume: async (request) => ({ resumed: await resume(context, request) }),
    listPauses: async () => ({ pauses: await listPauses(context.db) }),
  };
}
