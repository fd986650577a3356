import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { actorOf } from "../actor.ts";
import type { ServerContext } from "../context.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { requireId } from "../validate.ts";
import { cancelBatch } from "./batches/cancel.ts";
import { listBatches, readBatch, watchBatch } from "./batches/read.ts";
import { startBatch } from "./batches/start.ts";
import { compareVetting } from "./compare.ts";
import { getSpec, listSpecs, removeSpec, setSpec } from "./specs/specs.ts";

type Batches =
  | "startVettingBatch"
  | "listVettingBatches"
  | "getVettingBatch"
  | "watchVettingBatch"
  | "cancelVettingBatch";
type Specs = "setSpec" | "listSpecs" | "getSpec" | "removeSpec";
type Handlers = Pick<ServiceImpl<typeof OperatorService>, Batches | Specs | "compareVetting">;

/** What people do with many machines: batches, specifications, and what is usual among machines alike. */
export function fleetOperatorHandlers(context: ServerContext): Handlers {
  const { db } = context;
  const batch = (id: string) => inSnapshot(context, (tx) => readBatch(tx, requireId("id", id)));
  return {
    async startVettingBatch(request, call) {
      return { batch: await batch(await startBatch(context, actorOf(call), request)) };
    },
    listVettingBatches: (request) => listBatches(db, request),
    getVettingBatch: async ({ id }) => ({ batch: await batch(id) }),
    async *watchVettingBatch({ id }, call) {
      for await (const now of watchBatch(context, requireId("id", id), call.signal)) yield { batch: now };
    },
    async cancelVettingBatch({ id }, call) {
      await cancelBatch(context, requireId("id", id), actorOf(call));
      return { batch: await batch(id) };
    },
    setSpec: (request, call) => setSpec(db, actorOf(call), request),
    listSpecs: async () => ({ specs: await listSpecs(db) }),
    getSpec: async ({ name }) => ({ spec: await getSpec(db, name) }),
    async removeSpec({ name }) {
      await removeSpec(db, name);
      return {};
    },
    compareVetting: (request) => inSnapshot(context, (tx) => compareVetting(tx, request)),
  };
}
