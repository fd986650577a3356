import { create } from "@bufbuild/protobuf";
import { PipelineProblemsSchema, StepRefusalSchema, type StepRefusal } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";

/** A request of a step that goes no further than the agent. */
export class StepRefused extends Error {
  override readonly name = "StepRefused";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How a step is told that its request failed. */
export function refusalOf(error: unknown): { status: number; refusal: StepRefusal } {
  if (error instanceof StepRefused) return { status: error.status, refusal: refusal(error.message) };
  if (!(error instanceof ConnectError)) {
    return { status: 503, refusal: refusal(error instanceof Error ? error.message : String(error)) };
  }
  const problems = detailOf(error, PipelineProblemsSchema)?.problems ?? [];
  return { status: statusOf(error.code), refusal: create(StepRefusalSchema, { message: error.rawMessage, problems }) };
}

function refusal(message: string): StepRefusal {
  return create(StepRefusalSchema, { message });
}

function statusOf(code: Code): number {
  switch (code) {
    case Code.InvalidArgument:
      return 400;
    case Code.FailedPrecondition:
      return 409;
    case Code.Unimplemented:
      return 501;
    default:
      return 502;
  }
}
