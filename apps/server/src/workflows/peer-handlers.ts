import type { PeerService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { callerOf } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { LogAppender } from "../logs/append.ts";
import { workflowStateOf } from "../names.ts";
import type { Poller } from "../queue/next.ts";
import { addWorkflows } from "../uploads/add-workflows.ts";
import { Finisher } from "./done.ts";
import { Extender } from "./extend.ts";
import { Initializer } from "./init.ts";
import { recordSamples } from "./samples.ts";
import { StepReporter } from "./update.ts";
import { WaitRoom } from "./wait.ts";

type Handlers = Pick<
  ServiceImpl<typeof PeerService>,
  "next" | "init" | "wait" | "update" | "enqueueLog" | "recordSamples" | "extend" | "done" | "addWorkflows"
>;

/** What agents say about the workflows they lease. What many say at once is written by one statement. */
export function workflowHandlers(context: ServerContext, poller: Poller): Handlers {
  const initializer = new Initializer(context);
  const reporter = new StepReporter(context);
  const appender = new LogAppender(context);
  const extender = new Extender(context);
  const finisher = new Finisher(context);
  const waits = new WaitRoom(context);
  return {
    next: (request, call) => poller.next(callerOf(call), request, call.signal),
    init: async (request, call) => ({ next: await initializer.init(callerOf(call), request) }),
    wait: (request, call) => waits.wait(callerOf(call), request, call.signal),
    update: async (request, call) => ({ next: await reporter.update(callerOf(call), request) }),
    enqueueLog: async (request, call) => ({ nextLine: await appender.append(callerOf(call), request) }),
    async recordSamples(request, call) {
      await recordSamples(context, callerOf(call), request);
      return {};
    },
    addWorkflows: async (request, call) => ({ workflows: await addWorkflows(context, callerOf(call), request) }),
    extend: (request, call) => extender.extend(callerOf(call), request),
    async done(request, call) {
      const caller = callerOf(call);
      const state = workflowStateOf(await finisher.done(caller, request));
      poller.released(caller, request.epoch);
      return request.next ? { state, next: await poller.nextNow(caller, request.next) } : { state };
    },
  };
}
