import { create } from "@bufbuild/protobuf";
import type { Command } from "commander";
import {
  CancelPipelineResponseSchema,
  GetPipelineResponseSchema,
  ListPipelinesResponseSchema,
} from "@groundcrew/proto";
import type { ExitCode } from "../exit-codes.ts";
import { printLogs, type LogOptions } from "../logs/logs.ts";
import { collect, noteList } from "../paging.ts";
import { renderPipeline } from "../render/pipeline.ts";
import { pipelineTable } from "../render/tables.ts";
import type { Session } from "../session.ts";
import { watchPipeline } from "../watch/watch-pipeline.ts";
import { idOf, withExamples, withList, withOutput, type Run } from "./command.ts";
import { withLogs } from "./log-options.ts";
import { addPipelineRetry } from "./pipeline-retry.ts";
import { addUpload } from "./upload.ts";

/** `crew pipelines`. */
export function addPipelines(program: Command, run: Run): void {
  const pipelines = program
    .command("pipelines")
    .alias("pipeline")
    .summary("what was submitted")
    .description("Pipelines: what was submitted, and how it goes.");
  withList(pipelines.command("ls")).alias("list").description("Lists pipelines, newest first.").action(run(list));
  withOutput(pipelines.command("show"))
    .description("Shows a pipeline with its workflows and steps.")
    .argument("<id>", "a pipeline", idOf("pipelines"))
    .action(run(show));
  withOutput(pipelines.command("watch"))
    .description("Shows a pipeline until it has ended; the exit code says how. JSON is one snapshot a line.")
    .argument("<id>", "a pipeline", idOf("pipelines"))
    .action(run(watch));
  withOutput(pipelines.command("cancel"))
    .description("Cancels every workflow of a pipeline that has not ended.")
    .argument("<id>", "a pipeline", idOf("pipelines"))
    .action(run(cancel));
  addPipelineRetry(pipelines, run);
  addUpload(pipelines, run);
  const logs = withLogs(pipelines.command("logs"))
    .description("Prints the logs of a pipeline. JSON is one batch of lines a line, their text in base64.")
    .argument("<id>", "a pipeline", idOf("pipelines"))
    .action(run(printPipelineLogs));
  withExamples(logs, ["crew pipelines logs 42 -f", "crew pipelines logs 42 --step test --timestamps"]);
}

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const { pipelines, nextPageToken } = await operator.listPipelines({ page: request }, session.call);
    return { items: pipelines, nextPageToken };
  });
  const { items: pipelines, nextPageToken } = page;
  const response = create(ListPipelinesResponseSchema, { pipelines, nextPageToken });
  session.showTable(ListPipelinesResponseSchema, response, pipelineTable(pipelines, session.io.now()));
  noteList(session, page, "no pipelines yet; submit one: crew submit FILE");
}

async function show(session: Session, _options: object, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.getPipeline({ id }, session.call);
  session.show(GetPipelineResponseSchema, response, () =>
    response.pipeline ? renderPipeline(response.pipeline, session.view()) : [],
  );
}

async function watch(session: Session, _options: object, id: string): Promise<ExitCode> {
  return watchPipeline(session, await session.operator(), id);
}

async function cancel(session: Session, _options: object, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.cancelPipeline({ id }, session.call);
  session.show(CancelPipelineResponseSchema, response, () => [canceledText(id, response.canceledCount)]);
}

function canceledText(id: string, count: number): string {
  if (count === 0) return `Pipeline ${id} had ended already.`;
  return `Canceled pipeline ${id}: ${count === 1 ? "1 workflow" : `${count} workflows`} had not ended.`;
}

async function printPipelineLogs(session: Session, options: LogOptions, id: string): Promise<void> {
  const operator = await session.operator();
  const { pipeline } = await operator.getPipeline({ id }, session.call);
  const subject = {
    of: { pipelineId: id },
    workflows: pipeline?.workflows ?? [],
    name: `pipeline ${id}`,
    again: `crew pipelines logs ${id} -f`,
  };
  await printLogs(session, operator, subject, options);
}
