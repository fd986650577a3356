import { create } from "@bufbuild/protobuf";
import {
  FolderStore,
  killMarked,
  makeWorkspace,
  type Masker,
  removeTree,
  runProcess,
  signalGroup,
  StopError,
  type BuildEnd,
  type Workspace,
} from "@groundcrew/engine";
import { runSteps, StoredFiles, type StepFiles, type StepHost } from "@groundcrew/engine/steps";
import type { StepPlan, Trigger, WorkflowPlan } from "@groundcrew/pipeline";
import { BuildPlanSchema, type BuildPlan } from "@groundcrew/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { randomUUID } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Io } from "../io.ts";
import type { LogPrinter } from "../logs/print.ts";
import { PrintedStepRun } from "./step-printer.ts";

/** A pipeline to run on this machine. */
export interface PipelineOptions {
  io: Io;
  printer: LogPrinter;
  trigger: Trigger;
  secrets: { name: string; value: string }[];
  /** Variables of every step over the file's: where the code is from. */
  env: Record<string, string>;
  /** Where the steps of a workflow with a checkout start: the source as it lies there. */
  source: string;
}

/** What its workflows are run with. */
export interface LocalPipeline extends PipelineOptions {
  /** Covers secrets. Undefined: there are none. */
  masker: Masker | undefined;
  /** The folder where artifacts are kept as long as the pipeline runs. */
  files: string;
  /** The folder where caches are kept from run to run. */
  caches: string;
}

/** How workflows ended that this one depends on. */
export type Parents = NonNullable<MessageInitShape<typeof BuildPlanSchema>["parents"]>;

// As an agent's defaults.
const KILL_GRACE_MS = 5_000;
const CLEANUP_TIMEOUT_MS = 300_000;

/** Runs a workflow on this machine, as an agent would, in folders of its own that go with it. */
export async function runWorkflow(pipeline: LocalPipeline, plan: WorkflowPlan, parents: Parents): Promise<BuildEnd> {
  const folder = await mkdtemp(join(tmpdir(), "crew-run-"));
  const marker = randomUUID();
  const stop = new AbortController();
  const cancel = () => stop.abort(new StopError({ kind: "canceled", by: "you" }));
  const late = () => stop.abort(new StopError({ kind: "workflow_timeout", timeoutMs: plan.timeoutMs }));
  pipeline.io.signal.addEventListener("abort", cancel);
  const timer = plan.timeoutMs > 0 ? setTimeout(late, plan.timeoutMs) : undefined;
  try {
    return await runSteps({
      plan: buildPlan(pipeline, plan, parents),
      host: hostOf(pipeline, plan, { folder, marker }),
      stop: stop.signal,
      leave: new AbortController().signal,
      cleanupTimeoutMs: CLEANUP_TIMEOUT_MS,
    });
  } finally {
    clearTimeout(timer);
    pipeline.io.signal.removeEventListener("abort", cancel);
    await killMarked(marker);
    await removeTree(folder);
  }
}

function buildPlan({ trigger, secrets, env }: LocalPipeline, plan: WorkflowPlan, parents: Parents): BuildPlan {
  const { steps, matrix } = plan;
  const { event, branch, tag, parameters } = trigger;
  const known = { event, branch, tag, parameters };
  return create(BuildPlanSchema, { steps, matrix, secrets, parents, env: { ...plan.env, ...env }, trigger: known });
}

function hostOf(pipeline: LocalPipeline, plan: WorkflowPlan, own: { folder: string; marker: string }): StepHost {
  const { source } = pipeline;
  const workspace = makeWorkspace(own.folder, "0", "0").then((made) =>
    plan.checkout ? { ...made, directory: source } : made,
  );
  const variables = {
    GROUNDCREW_PIPELINE_ID: "0",
    GROUNDCREW_WORKFLOW_ID: "0",
    GROUNDCREW_WORKFLOW: plan.name,
    GROUNDCREW_ATTEMPT: "1",
    GROUNDCREW_AGENT: "crew",
  };
  let opened = 0;
  return {
    marker: own.marker,
    workspace: () => workspace,
    variables: () => variables,
    open: async (step) => {
      const stepRun = new PrintedStepRun(pipeline, { workflow: plan.name, step, id: `${plan.name}/${++opened}` });
      const planned = plan.steps.find(({ name }) => name === step);
      if (planned) stepRun.files = filesOf(pipeline, plan, { step: planned, workspace: await workspace, stepRun });
      return stepRun;
    },
    run: async (process) => {
      using group = new LiveGroup();
      return await runProcess({ ...process, killGraceMs: KILL_GRACE_MS, onStart: async (id) => group.started(id) });
    },
  };
}

function filesOf(
  { files: folder, caches }: LocalPipeline,
  { base: workflow }: WorkflowPlan,
  { step, workspace, stepRun }: { step: StepPlan; workspace: Workspace; stepRun: PrintedStepRun },
): StepFiles {
  const note = (line: string) => stepRun.log.note(line);
  return new StoredFiles({ step, workspace, store: new FolderStore({ folder, workflow, caches }), note });
}

/** A process group that does not outlive crew, also where a second Ctrl-C ends it at once. */
class LiveGroup implements Disposable {
  #id: number | undefined;

  constructor() {
    process.on("exit", this.#onExit);
  }

  started(id: number): void {
    this.#id = id;
  }

  [Symbol.dispose](): void {
    process.off("exit", this.#onExit);
  }

  readonly #onExit = (): void => {
    if (this.#id !== undefined) signalGroup(this.#id, "SIGKILL");
  };
}
