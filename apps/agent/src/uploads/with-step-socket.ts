import type { AddWorkflowsRequest } from "@groundcrew/proto";
import type { RunContext } from "../workflows/run-context.ts";
import { StepSocket } from "./step-socket.ts";

/**
 * Runs a step with a socket to its agent, which ends with it. `use` gets the variables that name it: none where there can
 * be no socket, which the agent's log tells.
 */
export async function withStepSocket<T>(
  run: RunContext,
  step: string,
  use: (variables: Record<string, string>) => Promise<T>,
): Promise<T> {
  const socket = await openSocket(run, step);
  try {
    return await use(socket ? { GROUNDCREW_STEP_SOCKET: socket.path } : {});
  } finally {
    await socket?.close();
  }
}

async function openSocket(run: RunContext, step: string): Promise<StepSocket | undefined> {
  const { workflowId, epoch } = run.lease.grant;
  const addWorkflows = (files: AddWorkflowsRequest["files"], signal: AbortSignal) =>
    run.lease.call((client, how) => client.addWorkflows({ workflowId, epoch, step, files }, how), { signal });
  try {
    const { root } = await run.workspace();
    return await StepSocket.open({ folder: root, addWorkflows });
  } catch (error) {
    run.log.warn({ err: error, step }, "the step gets no socket: it cannot add workflows");
    return undefined;
  }
}
