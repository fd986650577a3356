import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DownloadLogsRequestSchema } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";

const PATH = /^\/logs\/(workflows|pipelines)\/([^/]+)$/;
const ID = /^[1-9][0-9]{0,17}$/;

/**
 * The download that a URL asks for: `/logs/workflows/42` or `/logs/pipelines/7`, with `step=NAME`, `timestamps` and
 * `plain` after a question mark. Undefined: it is another's. Throws INVALID_ARGUMENT naming what is wrong.
 */
export function logRequestOf({
  pathname,
  searchParams,
}: URL): MessageInitShape<typeof DownloadLogsRequestSchema> | undefined {
  const [, whose, id = ""] = PATH.exec(pathname) ?? [];
  if (whose === undefined) return undefined;
  if (!ID.test(id)) throw invalidField("id", id, `the id of one of the ${whose}`);
  for (const name of searchParams.keys()) {
    if (!["step", "timestamps", "plain"].includes(name)) throw invalidField("query", name, "step, timestamps or plain");
  }
  return {
    ...(whose === "workflows" ? { workflowId: id } : { pipelineId: id }),
    step: searchParams.get("step") ?? "",
    timestamps: isSet(searchParams, "timestamps"),
    plain: isSet(searchParams, "plain"),
  };
}

function isSet(parameters: URLSearchParams, name: string): boolean {
  const value = parameters.get(name);
  if (value === null || ["", "1", "true", "0", "false"].includes(value)) return !["0", "false"].includes(value ?? "0");
  throw invalidField(name, value, "true or false");
}
