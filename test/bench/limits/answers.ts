import type { MessageInitShape } from "@bufbuild/protobuf";
import { WorkflowState, type LaneCall, type LaneAnswerSchema, type NextResponseSchema } from "@groundcrew/proto";
import { STEP } from "../load/submitter.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { BareQueue } from "./queue.ts";
import type { BareJob } from "./statements.ts";

export type LaneRequest = LaneCall["request"];
export type LaneResponse = NonNullable<MessageInitShape<typeof LaneAnswerSchema>["response"]>;

const goOn = { action: { case: "goOn", value: {} } } as const;

/** Answers an agent's message from a bare queue: what a lifecycle needs, and nothing else. */
export async function answer(queue: BareQueue, dispatcher: Dispatcher, request: LaneRequest): Promise<LaneResponse> {
  switch (request.case) {
    case "next":
      return { case: "next", value: granted(await dispatcher.next(request.value.freeSlots)) };
    case "init":
      await queue.init(named(request.value));
      return { case: "init", value: { next: goOn } };
    case "update":
      await queue.update(named(request.value.stepRun ?? { workflowId: "0", epoch: "0" }));
      return { case: "update", value: { next: goOn } };
    case "done": {
      await queue.done(named(request.value));
      const { next } = request.value;
      const carried = next && { next: granted(await queue.lease(next.freeSlots)) };
      return { case: "done", value: { state: WorkflowState.SUCCEEDED, ...carried } };
    }
    default:
      throw new Error(`a bare limit was asked for ${request.case}`);
  }
}

function named({ workflowId, epoch }: { workflowId: string; epoch: string }): BareJob {
  return { id: workflowId, epoch };
}

function granted(jobs: readonly BareJob[]): MessageInitShape<typeof NextResponseSchema> {
  const steps = [{ name: STEP, run: "true", shell: "sh" }];
  return {
    grants: jobs.map(({ id, epoch }) => ({
      workflowId: id,
      epoch,
      pipelineId: "1",
      name: "w",
      timeoutMs: 3_600_000,
      plan: { case: "build" as const, value: { steps } },
    })),
  };
}
