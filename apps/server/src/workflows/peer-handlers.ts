import type { PeerService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { callerOf } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { appendLog } from "../logs/append.ts";
import { workflowStateOf } from "../names.ts";
import { Poller } from "../queue/next.ts";
import { doneWorkflow } from "./done.ts";
import { extendLeases } from "./extend.ts";
import { initWorkflow } from "./init.ts";
import { recordSamples } from "./samples.ts";
import { updateStepRun } from "./update.ts";
import { waitWorkflow } from "./wait.ts";

type Handlers = Pick<
  ServiceImpl<typeof PeerService>,
  "next" | "init" | "wait" | "update" | "enqueueLog" | "recordSamples" | "extend" | "done"
>;

/** What agents say about the workflows they lease. */
export function workflowHandlers(context: ServerContext): Handlers {
  const poller = new Poller(context);
  return {
    next: (request, call) => poller.next(callerOf(call), request, call.signal),
    init: async (request, call) => ({ next: await initWorkflow(context, callerOf(call), request) }),
    wait: (request, call) => waitWorkflow(context, callerOf(call), request, call.signal),
    update: async (request, call) => ({ next: await updateStepRun(context, callerOf(call), request) }),
    enqueueLog: async (request, call) => ({ nextLine: await appendLog(context, callerOf(call), request) }),
    async recordSamples(request, call) {
      await recordSamples(context, callerOf(call), request);
      return {};
    },
    extend: (request, call) => extendLeases(context, callerOf(call), request),
    async done(request, call) {
      const caller = callerOf(call);
      const state = workflowStateOf(await doneWorkflow(context, caller, request));
      return request.next ? { state, next: await poller.nextNow(caller, request.next) } : { state };
    },
  };
}
