import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { requireId } from "../validate.ts";
import { cancelPipeline, cancelWorkflow } from "./cancel.ts";
import { listPipelines, listWorkflows } from "./list.ts";
import { readEvents, readPipeline, readWorkflow, readWorkflows } from "./read.ts";
import { retryPipeline } from "./retry-pipeline.ts";
import { retryWorkflow } from "./retry.ts";
import { Submitter } from "./submit.ts";
import { watchPipeline } from "./watch.ts";

type Handlers = Pick<
  ServiceImpl<typeof OperatorService>,
  | "submitPipeline"
  | "listPipelines"
  | "getPipeline"
  | "watchPipeline"
  | "cancelPipeline"
  | "listWorkflows"
  | "getWorkflow"
  | "cancelWorkflow"
  | "retryWorkflow"
  | "retryPipeline"
>;

/** What people do with pipelines and workflows. */
export function workflowOperatorHandlers(context: ServerContext): Handlers {
  const pipeline = (id: string) => inSnapshot(context, (tx) => readPipeline(tx, id));
  const workflow = (id: string) => inSnapshot(context, (tx) => readWorkflow(tx, id));
  const submitter = new Submitter(context);
  return {
    async submitPipeline(request, call) {
      return { pipeline: await submitter.submit(request, actorOf(call)) };
    },
    listPipelines: (request) => listPipelines(context.db, request),
    async getPipeline({ id }) {
      return { pipeline: await pipeline(requireId("id", id)) };
    },
    async *watchPipeline({ id }, call) {
      for await (const pipeline of watchPipeline(context, requireId("id", id), call.signal)) yield { pipeline };
    },
    async cancelPipeline({ id }, call) {
      return { canceledCount: await cancelPipeline(context, requireId("id", id), actorOf(call)) };
    },
    listWorkflows: (request) => listWorkflows(context.db, request),
    getWorkflow: ({ id }) =>
      inSnapshot(context, async (tx) => {
        const workflow = await readWorkflow(tx, requireId("id", id));
        return { workflow, events: await readEvents(tx, id) };
      }),
    async cancelWorkflow({ id }, call) {
      await cancelWorkflow(context, requireId("id", id), actorOf(call));
      return { workflow: await workflow(id) };
    },
    async retryWorkflow({ id }, call) {
      return { workflow: await workflow(await retryWorkflow(context, requireId("id", id), actorOf(call))) };
    },
    async retryPipeline(request, call) {
      return { workflows: await readWorkflows(context.db, await retryPipeline(context, request, actorOf(call))) };
    },
  };
}
