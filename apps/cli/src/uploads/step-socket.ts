import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { create, fromJsonString, toJsonString, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AddWorkflowsRequestSchema,
  AddWorkflowsResponseSchema,
  StepRefusalSchema,
  type AddWorkflowsResponse,
} from "@groundcrew/proto";
import { ExitCode } from "../exit-codes.ts";
import { Failure, interrupted, invalidFile } from "../failure.ts";

type Files = MessageInitShape<typeof AddWorkflowsRequestSchema>["files"];

/**
 * Asks the agent that runs this step, on the step's own socket, to add the workflows of these files. As patient as the
 * agent: it waits while the server is away. Fails with every problem of a file, as lint does.
 */
export async function addWorkflows(path: string, files: Files, signal: AbortSignal): Promise<AddWorkflowsResponse> {
  try {
    const body = toJsonString(AddWorkflowsRequestSchema, create(AddWorkflowsRequestSchema, { files: files ?? [] }));
    const answer = await post(path, body, signal);
    const told = await text(answer);
    if (answer.statusCode !== 200) throw refused(told);
    return fromJsonString(AddWorkflowsResponseSchema, told);
  } catch (error) {
    if (signal.aborted) throw interrupted();
    throw error instanceof Failure ? error : unreachable(path, error);
  }
}

async function post(socketPath: string, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const request = httpRequest({ socketPath, path: "/v1/workflows", method: "POST", headers, signal });
  // An answer that comes before all was sent is an answer, though the rest then fails.
  const response = once(request, "response") as Promise<[IncomingMessage]>;
  request.end(body);
  const [answer] = await response;
  request.on("error", () => {});
  return answer;
}

function refused(told: string): Failure {
  const { message, problems } = fromJsonString(StepRefusalSchema, told, { ignoreUnknownFields: true });
  return problems.length > 0 ? invalidFile(problems) : new Failure(message, { exitCode: ExitCode.failure });
}

function unreachable(path: string, error: unknown): Failure {
  const why = error instanceof Error ? error.message : String(error);
  const next = "only the step that was given GROUNDCREW_STEP_SOCKET can use it, while it runs";
  return new Failure(`no answer from the agent on ${path}`, {
    exitCode: ExitCode.unreachable,
    why,
    next,
    cause: error,
  });
}
