import type { Pipeline, VettingRun } from "@groundcrew/proto";
import type { Operator, Session } from "../../apps/cli/src/session.ts";
import { presenterFor } from "../../apps/cli/src/watch/present.ts";
import { wreakHavoc, type Kill } from "./chaos.ts";
import type { Fleet } from "./fleet.ts";
import { LINES_WORKFLOW } from "./numbered-lines.ts";
import { presentation } from "./progress.ts";
import { PIPELINE_PATH } from "./snapshot.ts";
import { Watch } from "./watch.ts";

/** What was submitted, and to whom. */
export interface Work {
  pipeline: Pipeline;
  vetting: VettingRun;
  operator: Operator;
  fleet: Fleet;
  session: Session;
  /** Kill programs meanwhile. */
  chaos: boolean;
}

/** Shows the work until all of it has ended. */
export async function watchWork(work: Work): Promise<{ pipeline: Pipeline; vetting: VettingRun; kills: Kill[] }> {
  const { operator, session } = work;
  const leave = new AbortController();
  const signal = AbortSignal.any([session.io.signal, leave.signal]);
  const presenter = presenterFor(session, presentation);
  const watch = new Watch({ operator, pipelineId: work.pipeline.id, vettingId: work.vetting.id, presenter, signal });
  const kills = work.chaos ? havocIn(work, watch, signal) : Promise.resolve([]);
  try {
    const [pipeline, vetting, killed] = await Promise.all([watch.pipeline(), watch.vetting(), kills]);
    return { pipeline, vetting, kills: killed };
  } finally {
    leave.abort();
    presenter.close();
    // What is being started again must have started before it can be taken down.
    await Promise.allSettled([kills]);
  }
}

async function havocIn({ pipeline, fleet, operator }: Work, watch: Watch, signal: AbortSignal): Promise<Kill[]> {
  const workflow = pipeline.workflows.find(({ name }) => name === LINES_WORKFLOW);
  if (!workflow) throw new Error(`${PIPELINE_PATH} has no workflow ${LINES_WORKFLOW}, during which to kill something`);
  return wreakHavoc({ fleet, operator, workflowId: workflow.id, note: (text) => watch.note(text), signal });
}
