import { randomUUID } from "node:crypto";
import { RetryPipelineResponseSchema, type Workflow } from "@groundcrew/proto";
import type { Command } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { watchPipeline } from "../watch/watch-pipeline.ts";
import { idOf, withExamples, withOutput, type Run } from "./command.ts";

interface RetryOptions {
  failed?: boolean;
  watch?: boolean;
}

/** `crew pipelines retry`. */
export function addPipelineRetry(pipelines: Command, run: Run): void {
  const retry = withOutput(pipelines.command("retry"))
    .description(
      "Queues the workflows of a pipeline once more, as new ones of the same pipeline: all of them once it has ended, or " +
        "those that did not succeed.",
    )
    .argument("<id>", "a pipeline", idOf("pipelines"))
    .option("--failed", "only what failed, timed out, was lost or canceled, and what was skipped for it")
    .option("-w, --watch", "show the pipeline until it has ended; the exit code says how")
    .action(run(retryOne));
  withExamples(retry, ["crew pipelines retry 42 --failed --watch"]);
}

async function retryOne(session: Session, options: RetryOptions, id: string): Promise<ExitCode | void> {
  const operator = await session.operator();
  const request = { id, failedOnly: options.failed ?? false, idempotencyKey: randomUUID() };
  const response = await operator.retryPipeline(request, session.call);
  if (options.watch) return watchPipeline(session, operator, id);
  session.show(RetryPipelineResponseSchema, response, () => response.workflows.map(retriedText));
  if (session.format === "table") session.note(`watch it: crew pipelines watch ${id}`);
}

function retriedText({ id, name, retryOf }: Workflow): string {
  return `Workflow ${id} (${visible(name)}) retries ${retryOf}.`;
}
