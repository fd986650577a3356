import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { BuildPlanSchema, StepStateSchema, type LogStream } from "@groundcrew/proto";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { killMarked } from "../../process/process-tree.ts";
import { runProcess } from "../../process/run-process.ts";
import type { TestResults } from "../../test-results/test-results.ts";
import { makeWorkspace } from "../../workspace/workspace.ts";
import { runSteps, type RunStepsOptions } from "../run-steps.ts";
import type { StepHost, StepRunHost } from "../step-host.ts";

/** A plan as tests write it: steps need a name and a script. */
export type TestPlan = MessageInitShape<typeof BuildPlanSchema>;

/** What a build of a test is run with beside its plan. */
export interface TestBuildOptions extends Partial<Pick<RunStepsOptions, "stop" | "leave" | "cleanupTimeoutMs">> {
  /** Replaces parts of the host. */
  host?: Partial<StepHost>;
  /** Told each piece of output, as "step: text". */
  onOutput?: (text: string) => void;
}

/** Runs a plan with real processes. The logs and reports that came are kept by step and try: "build 1". */
export async function runPlan(t: TestContext, plan: TestPlan, options: TestBuildOptions = {}) {
  const { host, onOutput, ...signals } = options;
  const folder = await mkdtemp(join(tmpdir(), "steps-"));
  const marker = randomUUID();
  t.after(async () => {
    await killMarked(marker);
    await rm(folder, { recursive: true });
  });
  const recorder = new Recorder(onOutput);
  const workspace = makeWorkspace(folder, "1", "1");
  const end = await runSteps({
    plan: create(BuildPlanSchema, plan),
    stop: new AbortController().signal,
    leave: new AbortController().signal,
    cleanupTimeoutMs: 60_000,
    ...signals,
    host: {
      marker,
      workspace: () => workspace,
      open: async (step, count) => recorder.open(`${step} ${count}`),
      variables: () => ({ FROM_HOST: "yes" }),
      run: (process) => runProcess({ ...process, killGraceMs: 500 }),
      ...host,
    },
  });
  return { end, logs: recorder.logs, reports: recorder.reports, tests: recorder.tests };
}

class Recorder {
  readonly logs: Record<string, string> = {};
  /** States in order: "running, succeeded". */
  readonly reports: Record<string, string> = {};
  readonly tests: Record<string, TestResults> = {};
  readonly #onOutput: (text: string) => void;

  constructor(onOutput: (text: string) => void = () => {}) {
    this.#onOutput = onOutput;
  }

  open(name: string): StepRunHost {
    const write = async (text: string) => {
      this.logs[name] = (this.logs[name] ?? "") + text;
      this.#onOutput(`${name}: ${text}`);
    };
    return {
      log: {
        sink: (_stream: LogStream) => (chunk) => write(Buffer.from(chunk).toString()),
        note: (text) => write(`[${text}]\n`),
      },
      report: ({ state, tests }) => {
        if (tests) this.tests[name] = tests;
        const word = StepStateSchema.value[state]?.localName.toLowerCase() ?? "";
        this.reports[name] = this.reports[name] === undefined ? word : `${this.reports[name]}, ${word}`;
      },
      endLog: async (note) => (note === undefined ? undefined : write(`[${note}]\n`)),
      fault: () => {},
    };
  }
}
