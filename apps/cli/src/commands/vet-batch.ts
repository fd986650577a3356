import { create } from "@bufbuild/protobuf";
import type { Command } from "commander";
import {
  CancelVettingBatchResponseSchema,
  GetVettingBatchResponseSchema,
  ListVettingBatchesResponseSchema,
} from "@groundcrew/proto";
import type { ExitCode } from "../exit-codes.ts";
import { collect, noteList } from "../paging.ts";
import { batchTable, countsText, renderBatch } from "../render/vetting-batch.ts";
import type { Session } from "../session.ts";
import { watchBatch } from "../watch/watch-batch.ts";
import { idOf, withList, withOutput, type Run } from "./command.ts";
import { requireYes } from "./require-yes.ts";

/** `crew vet batch`. */
export function addBatch(vet: Command, run: Run): void {
  const batch = vet
    .command("batch")
    .summary("several runs that were started together")
    .description("Batches: what crew vet start made of several machines.");
  withList(batch.command("ls")).alias("list").description("Lists batches, newest first.").action(run(list));
  withOutput(batch.command("show"))
    .description("Shows how a batch stands, and each of its runs.")
    .argument("<batch>", "a batch", idOf("vet batch"))
    .option("-w, --watch", "until all its runs have ended; the exit code says whether all passed")
    .action(run(show));
  withOutput(batch.command("cancel"))
    .description("Cancels every run of a batch that has not ended.")
    .argument("<batch>", "a batch", idOf("vet batch"))
    .option("-y, --yes", "do not ask")
    .action(run(cancel));
}

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const { batches, nextPageToken } = await operator.listVettingBatches({ page: request }, session.call);
    return { items: batches, nextPageToken };
  });
  const { items: batches, nextPageToken } = page;
  const response = create(ListVettingBatchesResponseSchema, { batches, nextPageToken });
  session.showTable(ListVettingBatchesResponseSchema, response, batchTable(batches, session.io.now()));
  noteList(session, page, "no batches yet; start one: crew vet start -l rack=4");
}

async function show(session: Session, { watch = false }: { watch?: boolean }, id: string): Promise<ExitCode | void> {
  const operator = await session.operator();
  if (watch) return watchBatch(session, operator, id);
  const response = await operator.getVettingBatch({ id }, session.call);
  session.show(GetVettingBatchResponseSchema, response, () =>
    response.batch ? renderBatch(response.batch, session.view()) : [],
  );
}

async function cancel(session: Session, { yes = false }: { yes?: boolean }, id: string): Promise<void> {
  const operator = await session.operator();
  if (!yes) await requireYes(session, "cancel", `Cancel every run of batch ${id} that has not ended?`);
  const response = await operator.cancelVettingBatch({ id }, session.call);
  session.show(CancelVettingBatchResponseSchema, response, () => (response.batch ? [countsText(response.batch)] : []));
}
