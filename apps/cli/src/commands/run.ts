import { events, manualTrigger, planFiles, type Trigger, type WorkflowPlan } from "@groundcrew/pipeline";
import { InvalidArgumentError, Option, type Command } from "commander";
import { dirname } from "node:path";
import { ExitCode } from "../exit-codes.ts";
import { interrupted, invalidFile } from "../failure.ts";
import { choose } from "../local/choose.ts";
import { parseSecret, readSecrets, type GivenSecrets } from "../local/secrets.ts";
import { LogPrinter, nameOf } from "../logs/print.ts";
import type { Session } from "../session.ts";
import { findCheckout, type Checkout } from "../source/git.ts";
import { readPipelineFiles, type PipelineSources } from "../source/pipeline-files.ts";
import { visible } from "../terminal/visible.ts";
import { displayWidth } from "../terminal/width.ts";
import { withExamples, type Run } from "./command.ts";

interface RunOptions {
  workflow: string[];
  step: string[];
  event: string;
  branch?: string;
  tag?: string;
  param: Record<string, string>;
  secret: GivenSecrets;
  secretsFile?: string;
  timestamps?: boolean;
}

/** The longest prefix that lines are aligned to, in columns. */
const MAX_PREFIX_WIDTH = 40;

/** `crew run`. */
export function addRun(program: Command, run: Run): void {
  const command = program
    .command("run")
    .summary("run a pipeline file on this machine, without a server")
    .description(
      "Runs the workflows of a pipeline file here, one after another, as an agent would: the same engine, and what it " +
        "prints is what `crew pipelines logs` prints. Workflows with a checkout run in the source as it lies here; all " +
        "others in an empty folder. Nothing is isolated. Labels, approvals, concurrency and the retries of workflows " +
        "are the queue's, and do not matter here.",
    )
    .argument("[file]", "a pipeline file, or a folder: its .groundcrew.yaml, or all files of its .groundcrew", ".")
    .option("--workflow <name>", "only this one, or this cell, and what it depends on (repeatable)", collect, [])
    .option("--step <name>", "only this step, of the workflows that have it (repeatable)", collect, [])
    .addOption(new Option("--event <event>", "what `when` is to take as its event").choices(events).default("manual"))
    .option("--branch <branch>", "the branch, instead of the one checked out")
    .option("--tag <tag>", "the tag that `when` and expressions know")
    .option("--param <name=value>", "a parameter that expressions know (repeatable)", parseParam, {})
    .option("--secret <name=value>", "a secret; NAME alone takes crew's own variable (repeatable)", parseSecret, {})
    .option("--secrets-file <file>", "a file of NAME=VALUE lines, one for each secret")
    .option("--timestamps", "put the time before each line")
    .action(run(runHere));
  withExamples(command, [
    "crew run",
    'crew run pipeline.yaml --workflow "test (node=26)"',
    "crew run --event tag --tag v1.2.0 --param target=staging --secret NPM_TOKEN",
  ]);
}

function collect(text: string, before: string[]): string[] {
  return [...before, text];
}

function parseParam(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return { ...before, [name]: value };
  throw new InvalidArgumentError("Expected NAME=VALUE, the name of letters, digits and underscores.");
}

async function runHere(session: Session, options: RunOptions, file: string): Promise<ExitCode> {
  const { io } = session;
  const sources = await readPipelineFiles(io.cwd, file);
  const [{ path }] = sources;
  const checkout = await findCheckout(path);
  const trigger = triggerOf(options, checkout);
  const workflows = choose(planned(session, sources, trigger), { workflows: options.workflow, steps: options.step });
  const secrets = await readSecrets(session, options.secret, options.secretsFile);
  // Loaded here: no other command runs processes.
  const { runPipeline } = await import("../local/run-pipeline.ts");
  const succeeded = await runPipeline(
    {
      io,
      trigger,
      printer: printerFor(session, workflows, options),
      secrets,
      env: sourceEnv(checkout, trigger),
      source: checkout?.root ?? dirname(path),
    },
    workflows,
  );
  if (io.signal.aborted) throw interrupted("interrupted; what ran has ended");
  return succeeded ? ExitCode.ok : ExitCode.unsuccessful;
}

function triggerOf({ event, branch, tag = "", param }: RunOptions, checkout: Checkout | undefined): Trigger {
  return { ...manualTrigger, event, branch: branch ?? checkout?.branch ?? "", tag, parameters: param };
}

function planned(session: Session, sources: PipelineSources, trigger: Trigger): WorkflowPlan[] {
  const result = planFiles({ files: sources.map(({ name, content }) => ({ path: name, content })), trigger });
  if (!result.ok) throw invalidFile(result.problems);
  for (const { name, why } of result.plan.leftOut) session.note(`left out: ${visible(name)}: ${visible(why)}`);
  return result.plan.workflows;
}

function printerFor({ io }: Session, workflows: readonly WorkflowPlan[], { timestamps = false }: RunOptions) {
  const names = workflows.flatMap(({ name, steps }) => steps.map((step) => nameOf(name, step.name)));
  const prefixWidth = Math.min(MAX_PREFIX_WIDTH, Math.max(1, ...names.map(displayWidth)));
  const { isTty: terminal, style } = io.stdout;
  return new LogPrinter({ terminal, style, timestamps, ...(names.length === 1 ? {} : { prefixWidth }) });
}

function sourceEnv(checkout: Checkout | undefined, { branch }: Trigger): Record<string, string> {
  return {
    ...(checkout && { GROUNDCREW_REPOSITORY: checkout.repository }),
    ...(checkout?.commit && { GROUNDCREW_COMMIT: checkout.commit }),
    ...(branch !== "" && { GROUNDCREW_BRANCH: branch }),
  };
}
