import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { evaluateExpression } from "@groundcrew/pipeline";
import { LogStream, type StepPlan } from "@groundcrew/proto";
import { stopCauseOf } from "../process/stop-cause.ts";
import { readTestResults } from "../test-results/read-test-results.ts";
import type { TestResults } from "../test-results/test-results.ts";
import { scopeIn, type BuildRun } from "./build-run.ts";
import { planSecrets } from "./plan-secrets.ts";
import { stepEnvironment } from "./step-environment.ts";
import type { StepProcess, StepRunHost } from "./step-host.ts";
import { readStepOutputs } from "./step-outputs.ts";
import { underTimeout } from "./under-timeout.ts";
import { hasPassed, type StepEnd } from "./workflow-end.ts";

/** One try of one step. */
export interface StepTry {
  step: StepPlan;
  stepRun: StepRunHost;
  /** Its number in the build. */
  number: number;
  stop: AbortSignal;
}

/** How a try ended, and what it handed on. */
export interface StepExecution {
  end: StepEnd;
  outputs: Record<string, string>;
  /** Of a step that names JUnit files. */
  tests?: TestResults;
}

/** The process of a step, but for where its output goes and what stops it. */
export type StepCommand = Omit<StepProcess, "outputs" | "stop">;

/** Runs a step's script from what it needs beforehand to what is kept of it. */
export async function executeStep(build: BuildRun, tried: StepTry): Promise<StepExecution> {
  const { step, stepRun, stop } = tried;
  const onFault = (error: unknown) => stepRun.fault(error);
  const end = await underTimeout({ timeoutMs: step.timeoutMs, stop, onFault }, (signal) => run(build, tried, signal));
  return build.signals.isLeft ? { end, outputs: {} } : keep(build, tried, end);
}

async function run(build: BuildRun, tried: StepTry, stop: AbortSignal): Promise<StepEnd> {
  const { log, surround = withoutMore } = tried.stepRun;
  const command = await prepareStep(build, tried);
  const refusal = "kind" in command ? command : await fetchFiles(build, tried, stop);
  if (refusal) return refusal;
  const outputs = { stdout: log.sink(LogStream.STDOUT), stderr: log.sink(LogStream.STDERR) };
  const { env, ...process } = command as StepCommand;
  return surround((more) => build.host.run({ ...process, env: { ...env, ...more }, outputs, stop }));
}

function withoutMore<T>(use: (variables: Record<string, string>) => Promise<T>): Promise<T> {
  return use({});
}

type Refusal = Extract<StepEnd, { kind: "not_started" | "stopped" }>;

/** The command of a step's script. The script goes through a file: an argument may be at most 128 KiB long. */
export async function prepareStep(build: BuildRun, { step, number }: StepTry): Promise<StepCommand | Refusal> {
  const { plan, host } = build;
  const workspace = await host.workspace();
  const env = environmentOf(() =>
    stepEnvironment({
      plan,
      step,
      workspace,
      variables: host.variables(step.name),
      scope: () => scopeIn(build, workspace),
      outputFile: outputFileOf(workspace, number),
    }),
  );
  if ("kind" in env) return env;
  const script = join(workspace.root, `step-${number}.sh`);
  await writeFile(script, step.run, { mode: 0o600 });
  const args = step.shell === "bash" ? ["-e", "-o", "pipefail", script] : ["-e", script];
  const marker = `${host.marker}/${number}`;
  return {
    file: step.shell === "bash" ? "bash" : "sh",
    args,
    cwd: workspace.directory,
    ...env,
    marker,
    image: step.image,
  };
}

function environmentOf(make: () => Record<string, string>): { env: Record<string, string> } | Refusal {
  try {
    return { env: make() };
  } catch (error) {
    return { kind: "not_started", message: messageOf(error) };
  }
}

async function fetchFiles(build: BuildRun, { stepRun }: StepTry, signal: AbortSignal): Promise<Refusal | undefined> {
  const workspace = await build.host.workspace();
  const evaluate = (expression: string) => String(evaluateExpression(expression, scopeIn(build, workspace)));
  try {
    await stepRun.files?.fetch({ evaluate, signal });
    return undefined;
  } catch (error) {
    if (signal.aborted) return { kind: "stopped", cause: stopCauseOf(signal) };
    return { kind: "not_started", message: messageOf(error) };
  }
}

/** Takes the step's outputs, test results and files. What is wrong with them fails a step that had passed. */
async function keep(build: BuildRun, tried: StepTry, end: StepEnd): Promise<StepExecution> {
  const execution: StepExecution = { end, outputs: {} };
  try {
    if (end.kind === "exited" || end.kind === "signaled") execution.outputs = await takeOutputs(build, tried);
    if (end.kind !== "not_started") Object.assign(execution, await takeTests(build, tried));
    await tried.stepRun.files?.keep({ passed: hasPassed(end), signal: build.signals.cleanUp });
  } catch (error) {
    const message = messageOf(error);
    if (hasPassed(end)) execution.end = { kind: "failed", message };
    else await tried.stepRun.log.note(message);
  }
  return execution;
}

async function takeTests({ host, signals }: BuildRun, { step, stepRun }: StepTry): Promise<{ tests?: TestResults }> {
  const { directory } = await host.workspace();
  const note = (line: string) => stepRun.log.note(line);
  const tests = await readTestResults({ patterns: step.junit, directory, note, signal: signals.cleanUp });
  return tests ? { tests } : {};
}

async function takeOutputs({ plan, host }: BuildRun, { step, stepRun, number }: StepTry) {
  const file = outputFileOf(await host.workspace(), number);
  const { values, notes } = await readStepOutputs({ file, declared: step.outputs, secrets: planSecrets(plan) });
  for (const note of notes) await stepRun.log.note(note);
  return values;
}

function outputFileOf({ outputs }: { outputs: string }, number: number): string {
  return join(outputs, String(number));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
