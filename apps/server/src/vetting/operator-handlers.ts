import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { requireId } from "../validate.ts";
import { listVettingRuns, readVetting } from "./read.ts";
import { readReport } from "./read-report.ts";
import { startVetting } from "./start.ts";
import { watchVetting } from "./watch.ts";

type Handlers = Pick<
  ServiceImpl<typeof OperatorService>,
  "startVetting" | "listVettingRuns" | "getVettingRun" | "watchVettingRun" | "getVettingReport"
>;

/** What people do with vetting runs. */
export function vettingOperatorHandlers(context: ServerContext): Handlers {
  const run = (id: string) => inSnapshot(context, (tx) => readVetting(tx, id));
  return {
    async startVetting(request, call) {
      return { run: await run(await startVetting(context, actorOf(call), request)) };
    },
    listVettingRuns: (request) => inSnapshot(context, (tx) => listVettingRuns(tx, request)),
    async getVettingRun({ id }) {
      return { run: await run(requireId("id", id)) };
    },
    async *watchVettingRun({ id }, call) {
      for await (const run of watchVetting(context, requireId("id", id), call.signal)) yield { run };
    },
    async *getVettingReport({ id }) {
      for await (const data of readReport(context, requireId("id", id))) yield { data };
    },
  };
}
