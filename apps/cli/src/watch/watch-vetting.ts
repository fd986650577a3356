import { create } from "@bufbuild/protobuf";
import { WatchVettingRunResponseSchema, WorkflowState, type VettingRun } from "@groundcrew/proto";
import type { ExitCode } from "../exit-codes.ts";
import { hasEnded } from "../render/looks.ts";
import { renderVettingRun, vettingChanges } from "../render/vetting.ts";
import type { Operator, Session } from "../session.ts";
import { watch } from "./watch.ts";

/** Whether a run goes on no more by itself: it has ended, or holds its machine for an operator. */
export function isOver({ workflow, stage }: VettingRun): boolean {
  return hasEnded(workflow?.state ?? WorkflowState.UNSPECIFIED) || stage === "holding";
}

/** Shows a vetting run until it has ended, or waits for an operator. */
export async function watchVetting(session: Session, operator: Operator, id: string): Promise<ExitCode> {
  const { last, exitCode } = await watch<VettingRun>(session, {
    open: (signal) => snapshots(operator, id, signal),
    hasEnded: isOver,
    succeeded: ({ workflow }) => workflow?.state === WorkflowState.SUCCEEDED,
    subject: `vetting run ${id}`,
    next: `watch again: crew vet watch ${id}; end it: crew vet cancel ${id}`,
    presentation: {
      render: renderVettingRun,
      changes: vettingChanges,
      json: (run) => session.json(WatchVettingRunResponseSchema, create(WatchVettingRunResponseSchema, { run })),
    },
  });
  if (session.format === "table" && last.stage === "holding") {
    session.note(
      `its machine is held: crew vet retry ${id} STAGE, crew vet waive ${id} --reason WHY, or crew vet reject ${id}`,
    );
  }
  if (session.format === "table" && last.reportReady) session.note(`its report: crew vet report ${id}`);
  return exitCode;
}

async function* snapshots(operator: Operator, id: string, signal: AbortSignal): AsyncGenerator<VettingRun> {
  for await (const { run } of operator.watchVettingRun({ id }, { signal })) if (run) yield run;
}
