import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  PipelineSchema,
  StepRunSchema,
  StepState,
  WorkflowSchema,
  WorkflowState,
  type Pipeline,
  type StepRun,
  type Workflow,
} from "@groundcrew/proto";

/** The fields of a message that a test cares about. */
export type Fields<D extends DescMessage> = Exclude<MessageInitShape<D>, MessageShape<D>>;

/** When the fixtures happen: 2026-11-21T12:00:00Z. */
export const START_MS = Date.UTC(2026, 10, 21, 12);

/** A moment some seconds after {@link START_MS}. */
export const at = (seconds: number): ReturnType<typeof timestampFromMs> => timestampFromMs(START_MS + seconds * 1000);

/** A workflow of epoch 7. */
export function workflow(name: string, state: WorkflowState, init: Fields<typeof WorkflowSchema> = {}): Workflow {
  return create(WorkflowSchema, { id: "11", pipelineId: "42", name, state, epoch: "7", attempt: 1, ...init });
}

/** A step run of epoch 7. */
export function stepRun(step: string, state: StepState, init: Fields<typeof StepRunSchema> = {}): StepRun {
  return create(StepRunSchema, { id: idOf(step), ref: { workflowId: "11", epoch: "7", step, try: 1 }, state, ...init });
}

function idOf(step: string): string {
  return String(Buffer.from(step).reduce((sum, byte) => sum + byte, 100));
}

/** Pipeline 42. */
export function pipeline(
  state: WorkflowState,
  workflows: Workflow[],
  init: Fields<typeof PipelineSchema> = {},
): Pipeline {
  return create(PipelineSchema, {
    id: "42",
    name: "ci",
    state,
    workflows,
    workflowCount: workflows.length,
    submittedBy: "ada",
    source: { repository: "https://example.com/a.git", commit: "1a2b3c4d5e6f", branch: "main" },
    createdAt: at(0),
    startedAt: at(0),
    ...init,
  });
}

/** A pipeline in mid-run: one workflow of each kind of standing. */
export function busyPipeline(): Pipeline {
  return pipeline(WorkflowState.RUNNING, [
    workflow("generate", WorkflowState.SUCCEEDED, {
      agent: "build-1",
      startedAt: at(0),
      finishedAt: at(12.3),
      stepRuns: [stepRun("buf", StepState.SUCCEEDED, { exitCode: 0, startedAt: at(0), finishedAt: at(12) })],
    }),
    workflow("test (node=26)", WorkflowState.RUNNING, {
      id: "12",
      agent: "build-2",
      startedAt: at(13),
      stepRuns: [
        stepRun("install", StepState.SUCCEEDED, { exitCode: 0, startedAt: at(13), finishedAt: at(20) }),
        stepRun("unit tests", StepState.RUNNING, { startedAt: at(20) }),
      ],
    }),
    workflow("lint", WorkflowState.FAILED, {
      id: "13",
      agent: "build-1",
      endReason: 2,
      startedAt: at(13),
      finishedAt: at(15),
      stepRuns: [stepRun("oxlint", StepState.FAILED, { exitCode: 1, startedAt: at(13), finishedAt: at(15) })],
    }),
    workflow("bundle", WorkflowState.BLOCKED, { id: "14", blockReason: 1, dependsOn: ["test (node=26)", "lint"] }),
    workflow("deploy", WorkflowState.QUEUED, { id: "15", labels: { os: "linux" } }),
  ]);
}
