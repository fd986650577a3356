import { create } from "@bufbuild/protobuf";
import type {
  DoneRequest,
  EnqueueLogRequest,
  ExtendRequest,
  InitRequest,
  SubmitPipelineRequest,
  UpdateRequest,
} from "@groundcrew/proto";
import { ExtendResponseSchema, NextActionSchema } from "@groundcrew/proto";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { LogAppender } from "../logs/append.ts";
import { Finisher } from "../workflows/done.ts";
import { Extender } from "../workflows/extend.ts";
import { Initializer } from "../workflows/init.ts";
import { Submitter } from "../workflows/submit.ts";
import { StepReporter } from "../workflows/update.ts";

// One call each, as a server that has just started would answer it.

export async function initWorkflow(context: ServerContext, caller: Caller, request: InitRequest) {
  return create(NextActionSchema, await new Initializer(context).init(caller, request));
}

export async function updateStepRun(context: ServerContext, caller: Caller, request: UpdateRequest) {
  return create(NextActionSchema, await new StepReporter(context).update(caller, request));
}

export function doneWorkflow(context: ServerContext, caller: Caller, request: DoneRequest) {
  return new Finisher(context).done(caller, request);
}

export async function extendLeases(context: ServerContext, caller: Caller, request: ExtendRequest) {
  return create(ExtendResponseSchema, await new Extender(context).extend(caller, request));
}

export function appendLog(context: ServerContext, caller: Caller, request: EnqueueLogRequest) {
  return new LogAppender(context).append(caller, request);
}

/** Returns the pipeline's id. */
export async function submitPipeline(context: ServerContext, request: SubmitPipelineRequest, submittedBy: string) {
  return (await new Submitter(context).submit(request, submittedBy)).id;
}
