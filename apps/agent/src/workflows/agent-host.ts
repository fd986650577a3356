import { baseEnvironment, checkout, type ProcessEnd } from "@groundcrew/engine";
import {
  StoredFiles,
  type FetchSourceOptions,
  type StepHost,
  type StepProcess,
  type StepRunHost,
} from "@groundcrew/engine/steps";
import { LogStream, type BuildPlan, type NextAction } from "@groundcrew/proto";
import { withStepSocket } from "../uploads/with-step-socket.ts";
import type { RunContext } from "./run-context.ts";
import { ServerFiles } from "./server-files.ts";
import { StepRun } from "./step-run.ts";
import { stepVariables } from "./step-variables.ts";

/** A report as a call that may be repeated. */
type Report = () => Promise<NextAction | undefined>;

/** What surrounds a build on an agent. */
export interface AgentHostOptions {
  run: RunContext;
  plan: BuildPlan;
  /** Sends a report after those before it. */
  report: (report: Report) => void;
}

/** Runs a build's steps on the agent's backend, and keeps what they leave on the server. */
export function agentHost(options: AgentHostOptions): StepHost {
  const { run } = options;
  const variables = stepVariables(run.lease.grant, run.settings);
  return {
    marker: run.marker,
    workspace: run.workspace,
    open: async (step, count) => stepRunHost(options, await StepRun.open(run, { step, count })),
    variables: () => variables,
    run: (process) => runOnBackend(run, process),
    checkout: (source) => fetchSource(run, source),
  };
}

async function fetchSource(run: RunContext, { checkout: source, log, ...where }: FetchSourceOptions) {
  const outputs = { stdout: log.sink(LogStream.STDOUT), stderr: log.sink(LogStream.STDERR) };
  const { PATH: path = "" } = baseEnvironment(where.workspace);
  const end = await checkout({
    source,
    outputs,
    path,
    ...where,
    run: (process) => runOnBackend(run, { ...process, image: "" }),
  });
  if (!hasPassed(end) && run.backend.isolates && isOnThisMachine(source.repository)) {
    await log.note(`on the ${run.backend.name} backend git sees only the folders that --sandbox-read names`);
  }
  return end;
}

function hasPassed(end: ProcessEnd): boolean {
  return end.kind === "exited" && end.exitCode === 0;
}

function isOnThisMachine(repository: string): boolean {
  return repository.startsWith("file:") || repository.startsWith("/");
}

async function runOnBackend(run: RunContext, process: StepProcess) {
  const { backend, journal, settings, workspace } = run;
  const onStart = (groupId: number) => journal.addGroup(groupId);
  return backend.run({ ...process, workspace: await workspace(), onStart, killGraceMs: settings.killGraceMs });
}

async function stepRunHost({ run, plan, report }: AgentHostOptions, stepRun: StepRun): Promise<StepRunHost> {
  const { lease, workspace } = run;
  const step = plan.steps.find(({ name }) => name === stepRun.ref.step);
  const store = new ServerFiles({ lease, stepRun: stepRun.ref });
  const note = (line: string) => stepRun.log.note(line);
  return {
    ...(step && {
      files: new StoredFiles({ step, workspace: await workspace(), store, note, limits: run.settings.archiveLimits }),
    }),
    surround: (use) => withStepSocket(run, stepRun.ref.step, use),
    log: stepRun.log,
    report: (each) => report(stepRun.report(each)),
    endLog: (note) => stepRun.endLog(note),
    fault: (error) => stepRun.fault(error),
  };
}
