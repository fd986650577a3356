import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { requireId } from "../validate.ts";
import { readTestResults } from "./read.ts";

/** What people see of tests. */
export function testResultOperatorHandlers(
  context: ServerContext,
): Pick<ServiceImpl<typeof OperatorService>, "getTestResults"> {
  return {
    getTestResults: ({ workflowId }) =>
      inSnapshot(context, async (tx) => ({
        steps: await readTestResults(tx, requireId("workflow_id", workflowId)),
      })),
  };
}
