import { Masker, removeTree } from "@groundcrew/engine";
import type { WorkflowPlan } from "@groundcrew/pipeline";
import { WorkflowState } from "@groundcrew/proto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeLines } from "../io.ts";
import { workflowLook } from "../render/looks.ts";
import { describeChange } from "../render/view.ts";
import { visible } from "../terminal/visible.ts";
import { openCaches } from "./open-caches.ts";
import { mayRun, nextOf } from "./order.ts";
import { runWorkflow, type LocalPipeline, type Parents, type PipelineOptions } from "./run-workflow.ts";

interface LocalEnd {
  state: WorkflowState;
  outputs: Record<string, string>;
}

/**
 * Runs workflows on this machine, one after another, each after those it depends on. True when none failed, was stopped
 * or ran too long; those that were left out for what others came to do not count.
 */
export async function runPipeline(options: PipelineOptions, workflows: readonly WorkflowPlan[]): Promise<boolean> {
  const files = await mkdtemp(join(tmpdir(), "crew-files-"));
  const masker = Masker.of(options.secrets.map(({ value }) => value));
  try {
    return await runAll({ ...options, masker, files, caches: await openCaches(options) }, workflows);
  } finally {
    await removeTree(files);
  }
}

async function runAll(pipeline: LocalPipeline, workflows: readonly WorkflowPlan[]): Promise<boolean> {
  const ends = new Map<string, LocalEnd>();
  const left = [...workflows];
  for (let plan = nextOf(left); plan && !pipeline.io.signal.aborted; plan = nextOf(left)) {
    left.splice(left.indexOf(plan), 1);
    const end = mayRun(plan, ends) ? await run(pipeline, plan, parentsOf(plan, workflows, ends)) : SKIPPED;
    if (end === SKIPPED)
      tell(pipeline, plan, WorkflowState.SKIPPED, "a workflow it depends on did not end as it needs");
    ends.set(plan.name, end);
  }
  return [...ends.values()].every(({ state }) => FINE.has(state));
}

const SKIPPED: LocalEnd = { state: WorkflowState.SKIPPED, outputs: {} };
const FINE: ReadonlySet<WorkflowState> = new Set([WorkflowState.SUCCEEDED, WorkflowState.SKIPPED]);

async function run(pipeline: LocalPipeline, plan: WorkflowPlan, parents: Parents): Promise<LocalEnd> {
  const { state, error, outputs } = await runWorkflow(pipeline, plan, parents);
  tell(pipeline, plan, state, error ?? "");
  return { state, outputs };
}

function tell({ io }: LocalPipeline, { name }: WorkflowPlan, state: WorkflowState, note: string): void {
  writeLines(io.stderr, [`${visible(name)} ${describeChange(workflowLook(state).word, {}, note)}`]);
}

/** One for each key of the file: of the cells of a matrix the last one's outputs count, and the first bad end. */
function parentsOf(plan: WorkflowPlan, all: readonly WorkflowPlan[], ends: ReadonlyMap<string, LocalEnd>): Parents {
  const names = new Set(plan.dependsOn.map(({ name }) => name));
  const cells = Map.groupBy(
    all.filter(({ name }) => names.has(name)),
    ({ base }) => base,
  );
  return Array.from(cells, ([name, each]) => {
    const ended = each.flatMap((cell) => ends.get(cell.name) ?? []);
    const state = ended.find((end) => end.state !== WorkflowState.SUCCEEDED)?.state ?? WorkflowState.SUCCEEDED;
    return {
      name,
      state,
      outputs: Object.assign({}, ...ended.map(({ outputs }) => outputs)) as Record<string, string>,
    };
  });
}
