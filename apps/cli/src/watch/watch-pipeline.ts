import { create } from "@bufbuild/protobuf";
import { StepState, WatchPipelineResponseSchema, WorkflowState, type Pipeline } from "@groundcrew/proto";
import type { ExitCode } from "../exit-codes.ts";
import { hasEnded, workflowLook } from "../render/looks.ts";
import { newestStepRuns, renderPipeline } from "../render/pipeline.ts";
import { pipelineChanges } from "../render/pipeline-changes.ts";
import type { Operator, Session } from "../session.ts";
import { shellWord } from "../shell-word.ts";
import { paint } from "../terminal/style.ts";
import { visible } from "../terminal/visible.ts";
import { watch } from "./watch.ts";

/** Shows a pipeline until it has ended. */
export async function watchPipeline(session: Session, operator: Operator, id: string): Promise<ExitCode> {
  const { last, exitCode } = await watch<Pipeline>(session, {
    open: (signal) => snapshots(operator, id, signal),
    hasEnded: ({ state }) => hasEnded(state),
    succeeded: ({ state }) => state === WorkflowState.SUCCEEDED,
    subject: `pipeline ${id}`,
    next: `watch again: crew pipelines watch ${id}; end it: crew pipelines cancel ${id}`,
    presentation: {
      render: renderPipeline,
      changes: pipelineChanges,
      json: (pipeline) => session.json(WatchPipelineResponseSchema, create(WatchPipelineResponseSchema, { pipeline })),
    },
  });
  if (session.format === "table") session.note(...whereToLook(last, session));
  return exitCode;
}

async function* snapshots(operator: Operator, id: string, signal: AbortSignal): AsyncGenerator<Pipeline> {
  for await (const { pipeline } of operator.watchPipeline({ id }, { signal })) if (pipeline) yield pipeline;
}

/** For each workflow that did not succeed, the command that shows the log of the step it failed in. */
function whereToLook(pipeline: Pipeline, session: Session): string[] {
  const bad = pipeline.workflows.filter(
    ({ state, stepRuns }) => state !== WorkflowState.SUCCEEDED && stepRuns.length > 0,
  );
  return bad.map((workflow) => {
    const runs = newestStepRuns(workflow).filter(({ state }) => state !== StepState.SKIPPED);
    const step = runs.at(-1)?.ref?.step ?? "";
    const { word, colour } = workflowLook(workflow.state);
    const command = `crew workflows logs ${workflow.id} --step ${shellWord(visible(step))}`;
    return `${visible(workflow.name)} ${paint(session.io.stderr.style, colour, word)}; its log: ${command}`;
  });
}
