import type { OperatorService } from "@groundcrew/proto";
import type { ServiceImpl } from "@groundcrew/rpc";
import { agentOperatorHandlers } from "./agents/operator-handlers.ts";
import { approvalOperatorHandlers } from "./approvals/operator-handlers.ts";
import { artifactOperatorHandlers } from "./artifacts/operator-handlers.ts";
import { cacheOperatorHandlers } from "./caches/operator-handlers.ts";
import type { ServerContext } from "./context.ts";
import { explainOperatorHandlers } from "./explain/operator-handlers.ts";
import { logOperatorHandlers } from "./logs/operator-handlers.ts";
import { machineOperatorHandlers } from "./machines/operator-handlers.ts";
import { pauseOperatorHandlers } from "./pauses/operator-handlers.ts";
import { reflectorOperatorHandlers } from "./reflectors/operator-handlers.ts";
import { secretOperatorHandlers } from "./secrets/operator-handlers.ts";
import { testResultOperatorHandlers } from "./test-results/operator-handlers.ts";
import { tokenOperatorHandlers } from "./tokens/operator-handlers.ts";
import { fleetOperatorHandlers } from "./vetting/fleet-handlers.ts";
import { vettingOperatorHandlers } from "./vetting/operator-handlers.ts";
import { workflowOperatorHandlers } from "./workflows/operator-handlers.ts";

/** What people call. */
export function operatorService(context: ServerContext): ServiceImpl<typeof OperatorService> {
  return {
    ...tokenOperatorHandlers(context),
    ...workflowOperatorHandlers(context),
    ...logOperatorHandlers(context),
    ...agentOperatorHandlers(context),
    ...explainOperatorHandlers(context),
    ...pauseOperatorHandlers(context),
    ...secretOperatorHandlers(context),
    ...approvalOperatorHandlers(context),
    ...machineOperatorHandlers(context),
    ...vettingOperatorHandlers(context),
    ...fleetOperatorHandlers(context),
    ...artifactOperatorHandlers(context),
    ...cacheOperatorHandlers(context),
    ...testResultOperatorHandlers(context),
    ...reflectorOperatorHandlers(context),
  };
}
