import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { requireId } from "../validate.ts";
import { cancelVetting } from "./cancel.ts";
import { rejectRun, retryStage, waiveRun } from "./decide.ts";
import { releaseHoldKey } from "./hold-key.ts";
import { publishedKeys } from "./attestation-keys.ts";
import { listVettingRuns, readVetting } from "./read.ts";
import { readReport } from "./read-report.ts";
import { readEvidenceFile } from "./read-evidence-file.ts";
import { startVetting } from "./start.ts";
import { watchVetting } from "./watch.ts";

type Handlers = Pick<
  ServiceImpl<typeof OperatorService>,
  | "startVetting"
  | "listVettingRuns"
  | "getVettingRun"
  | "watchVettingRun"
  | "getVettingReport"
  | "cancelVettingRun"
  | "retryVettingStage"
  | "waiveVettingRun"
  | "rejectVettingRun"
  | "getVettingHoldKey"
  | "listAttestationKeys"
  | "getVettingEvidence"
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
    async cancelVettingRun(request, call) {
      return { run: await run(await cancelVetting(context, actorOf(call), request)) };
    },
    async retryVettingStage(request, call) {
      return { run: await run(await retryStage(context, actorOf(call), request)) };
    },
    async waiveVettingRun(request, call) {
      return { run: await run(await waiveRun(context, actorOf(call), request)) };
    },
    async rejectVettingRun(request, call) {
      return { run: await run(await rejectRun(context, actorOf(call), request)) };
    },
    getVettingHoldKey: ({ id }, call) => releaseHoldKey(context, requireId("id", id), actorOf(call)),
    async *watchVettingRun({ id }, call) {
      for await (const run of watchVetting(context, requireId("id", id), call.signal)) yield { run };
    },
    async *getVettingReport({ id, format }) {
      for await (const data of readReport(context, requireId("id", id), format)) yield { data };
    },
    listAttestationKeys: async () => ({ keys: await publishedKeys(context.db) }),
    async *getVettingEvidence({ id, blobId }) {
      const file = { runId: requireId("id", id), blobId: requireId("blob_id", blobId) };
      for await (const data of readEvidenceFile(context, file)) yield { data };
    },
  };
}
