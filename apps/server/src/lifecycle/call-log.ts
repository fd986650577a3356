import type { Message } from "@bufbuild/protobuf";
import type { StepRunRef } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import { type CallReport, type Principal } from "@groundcrew/rpc/server";
import type { Logger } from "pino";

/** Codes that are an answer like any other: the caller's doing, or the end of a poll. */
const ORDINARY: ReadonlySet<Code> = new Set([Code.Canceled, Code.DeadlineExceeded, Code.NotFound]);

/** Logs each call with its ids: faults as errors, refusals as warnings, the rest for whoever debugs. */
export function callLogger(log: Logger): (report: CallReport) => void {
  return ({ requestId, service, method, principal, request, durationMs, error }) => {
    const rpc = `${service}/${method}`;
    const line = { requestId, rpc, ...caller(principal), ...subject(request), ms: Math.round(durationMs) };
    if (!error) log.debug(line, "answered");
    else if (error.cause !== undefined) log.error({ ...line, err: error.cause }, "could not answer");
    else if (ORDINARY.has(error.code)) log.debug({ ...line, code: Code[error.code] }, error.rawMessage);
    else log.warn({ ...line, code: Code[error.code] }, error.rawMessage);
  };
}

/** The ids of what a call is about, under the names that every log line has for them. */
function subject(request: Message | undefined): Record<string, unknown> {
  if (request === undefined) return {};
  const { stepRun, workflowId, epoch, pipelineId } = request as Message & Record<string, unknown>;
  if (stepRun instanceof Object) {
    const { workflowId: id, epoch: stepEpoch, step, try: tryNumber } = stepRun as StepRunRef;
    return { workflowId: id, epoch: stepEpoch, step, try: tryNumber };
  }
  return { ...(workflowId !== undefined && { workflowId, epoch }), ...(pipelineId !== undefined && { pipelineId }) };
}

function caller(principal: Principal): Record<string, string> {
  switch (principal.kind) {
    case "anonymous":
      return {};
    case "agent":
      return { agent: principal.name, agentId: principal.agentId, generation: principal.generation };
    case "enrolment":
    case "operator":
      return { token: principal.name, tokenId: principal.tokenId };
    default:
      return principal satisfies never;
  }
}
