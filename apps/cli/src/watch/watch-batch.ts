import { create } from "@bufbuild/protobuf";
import { WatchVettingBatchResponseSchema, type VettingBatch } from "@groundcrew/proto";
import type { ExitCode } from "../exit-codes.ts";
import { batchChanges, renderBatch } from "../render/vetting-batch.ts";
import type { Operator, Session } from "../session.ts";
import { watch } from "./watch.ts";

/** Shows a batch until all its runs have ended: a success when all of them passed. */
export async function watchBatch(session: Session, operator: Operator, id: string): Promise<ExitCode> {
  const { exitCode } = await watch<VettingBatch>(session, {
    open: (signal) => snapshots(operator, id, signal),
    hasEnded: ({ counts }) => counts?.active === 0 && counts.waiting === 0,
    succeeded: ({ counts }) => counts?.passed === counts?.total,
    subject: `vetting batch ${id}`,
    next: `watch again: crew vet batch show ${id} --watch; end it: crew vet batch cancel ${id}`,
    presentation: {
      render: renderBatch,
      changes: batchChanges,
      json: (batch) =>
        session.json(WatchVettingBatchResponseSchema, create(WatchVettingBatchResponseSchema, { batch })),
    },
  });
  return exitCode;
}

async function* snapshots(operator: Operator, id: string, signal: AbortSignal): AsyncGenerator<VettingBatch> {
  for await (const { batch } of operator.watchVettingBatch({ id }, { signal })) if (batch) yield batch;
}
