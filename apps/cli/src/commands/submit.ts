import { randomUUID } from "node:crypto";
import { realpath } from "node:fs/promises";
import { relative, sep } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError, Option, type Command } from "commander";
import { events, manualTrigger, planFiles, type Trigger } from "@groundcrew/pipeline";
import {
  PipelineProblemsSchema,
  type SubmitPipelineRequestSchema,
  SubmitPipelineResponseSchema,
  type SubmitPipelineResponse,
} from "@groundcrew/proto";
import { detailOf } from "@groundcrew/rpc";
import type { ExitCode } from "../exit-codes.ts";
import { invalidFile, usage } from "../failure.ts";
import { sourceText } from "../render/pipeline.ts";
import type { Operator, Session } from "../session.ts";
import { findCheckout, type Checkout } from "../source/git.ts";
import { readPipelineFiles, type PipelineSources } from "../source/pipeline-files.ts";
import { visible } from "../terminal/visible.ts";
import { watchPipeline } from "../watch/watch-pipeline.ts";
import { parseMs, withExamples, withOutput, type Run } from "./command.ts";

interface SubmitOptions {
  watch?: boolean;
  env: Record<string, string | undefined>;
  repository?: string;
  commit?: string;
  branch?: string;
  source: boolean;
  /** In milliseconds. */
  delay?: number;
  untrusted?: boolean;
  event: string;
  tag?: string;
  param: Record<string, string>;
}

/** The longest delay, in milliseconds: operator.proto's figure, 30 days. */
const DELAY_MAX_MS = 30 * 86_400_000;

/** `crew submit`. */
export function addSubmit(program: Command, run: Run): void {
  const submit = withOutput(program.command("submit"))
    .summary("run a pipeline file")
    .description(
      "Checks a pipeline file and queues its workflows. When the file lies in a git checkout, the pipeline is about " +
        "what is checked out: the remote origin (or else the checkout's own folder), the commit and the branch.",
    )
    .argument("<file>", "a pipeline file, or a folder: its .groundcrew.yaml, or all files of its .groundcrew")
    .option("-w, --watch", "watch it until it has ended; the exit code says how")
    .option("--env <name=value>", "a variable for every step; NAME alone takes crew's own (repeatable)", parseEnv, {})
    .option("--repository <url>", "where the code is, instead of the checkout's")
    .option("--commit <commit>", "the commit, instead of the one checked out")
    .option("--branch <branch>", "the branch, instead of the one checked out")
    .option("--no-source", "say nothing about code")
    .addOption(new Option("--event <event>", "what `when` is to take as its event").choices(events).default("manual"))
    .option("--tag <tag>", "the tag that `when` and expressions know")
    .option("--param <name=value>", "a parameter that expressions know (repeatable)", parseParam, {})
    .option("--delay <duration>", "start nothing of it before that, such as 8h; at most 30d", parseDelay)
    .option("--untrusted", "it is a stranger's code: only agents that are granted such work take it")
    .action(run(submitPipeline));
  withExamples(submit, [
    "crew submit pipeline.yaml --watch",
    "crew submit pipeline.yaml --env RELEASE=1.2.0 --env TOKEN",
    "crew submit nightly.yaml --delay 8h",
    "crew submit . --event tag --tag v1.2.0 --param target=staging",
  ]);
}

function parseDelay(text: string): number {
  const delayMs = Math.ceil(parseMs(text));
  if (delayMs <= DELAY_MAX_MS) return delayMs;
  throw new InvalidArgumentError("At most 30d.");
}

function parseEnv(text: string, before: SubmitOptions["env"]): SubmitOptions["env"] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=([^]*))?$/.exec(text) ?? [];
  if (name === undefined)
    throw new InvalidArgumentError("Expected NAME=VALUE, the name of letters, digits and underscores.");
  return { ...before, [name]: value };
}

function parseParam(text: string, before: SubmitOptions["param"]): SubmitOptions["param"] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError("Expected NAME=VALUE, the name of letters, digits and underscores.");
  return { ...before, [name]: value };
}

async function submitPipeline(session: Session, options: SubmitOptions, file: string): Promise<ExitCode | void> {
  const sources = await readPipelineFiles(session.io.cwd, file);
  const env = takeEnv(options.env, session);
  const [{ path }] = sources;
  const checkout = options.source && options.repository === undefined ? await findCheckout(path) : undefined;
  for (const warning of checkout?.warnings ?? []) session.note(`crew: warning: ${warning}`);
  const source = sourceFrom(options, checkout);
  const { event, tag = "", param: parameters } = options;
  checkLocally(session, sources, { ...manualTrigger, branch: source?.branch ?? "", event, tag, parameters });
  const operator = await session.operator();
  const files = await filesInCheckout(sources, checkout);
  const response = await submit(session, operator, files, {
    source,
    env,
    idempotencyKey: randomUUID(),
    delayMs: options.delay ?? 0,
    untrusted: options.untrusted ?? false,
    trigger: { event, tag, parameters },
  });
  if (!options.watch) return report(session, response);
  return watchPipeline(session, operator, response.pipeline?.id ?? "0");
}

/** Tells mistakes by the paths that the user knows, and what will be left out. */
function checkLocally(session: Session, sources: PipelineSources, trigger: Trigger): void {
  const result = planFiles({ files: sources.map(({ name, content }) => ({ path: name, content })), trigger });
  if (!result.ok) throw invalidFile(result.problems);
  for (const { name, why } of result.plan.leftOut) session.note(`left out: ${visible(name)}: ${visible(why)}`);
}

function takeEnv(env: SubmitOptions["env"], session: Session): Record<string, string> {
  const taken = Object.entries(env).map(([name, value]) => {
    const own = value ?? session.io.env[name];
    if (own === undefined) throw usage(`--env ${name}: crew's own environment does not have it`, `--env ${name}=VALUE`);
    return [name, own] as const;
  });
  return Object.fromEntries(taken);
}

function sourceFrom(
  options: SubmitOptions,
  checkout: Checkout | undefined,
): { repository: string; commit: string; branch: string } | undefined {
  const { repository, commit, branch } = options;
  const given = [repository, commit, branch].some((value) => value !== undefined);
  if (!options.source && given) throw usage("--no-source excludes --repository, --commit and --branch");
  if (!given && !checkout) return undefined;
  return {
    repository: repository ?? checkout?.repository ?? "",
    commit: commit ?? checkout?.commit ?? "",
    branch: branch ?? checkout?.branch ?? "",
  };
}

/** What is said besides the files. */
type SubmitRequest = Omit<MessageInitShape<typeof SubmitPipelineRequestSchema>, "$typeName" | "file" | "moreFiles">;

/** A file as it is sent, and its path as the user wrote it. */
interface SentFile {
  path: string;
  content: string;
  name: string;
}

/** The files with their paths as the repository has them; as the user wrote them when they are in none. */
function filesInCheckout(sources: PipelineSources, checkout: Checkout | undefined): Promise<SentFile[]> {
  return Promise.all(
    sources.map(async ({ path, name, content }) => ({
      path: await pathInCheckout(path, name, checkout),
      content,
      name,
    })),
  );
}

async function pathInCheckout(path: string, name: string, checkout: Checkout | undefined): Promise<string> {
  if (!checkout) return name;
  const inside = relative(await realpath(checkout.root), await realpath(path));
  return inside.startsWith("..") ? name : inside.split(sep).join("/");
}

/** Submits. Should this release not see a mistake that the server sees, the path is the one the user knows. */
async function submit(
  session: Session,
  operator: Operator,
  files: readonly SentFile[],
  request: SubmitRequest,
): Promise<SubmitPipelineResponse> {
  const [file, ...moreFiles] = files.map(({ path, content }) => ({ path, content }));
  try {
    return await operator.submitPipeline({ ...request, ...(file && { file }), moreFiles }, session.call);
  } catch (error) {
    const problems = detailOf(error, PipelineProblemsSchema)?.problems;
    const nameOf = (path: string) => files.find((each) => each.path === path)?.name ?? files[0]?.name ?? path;
    throw problems ? invalidFile(problems.map((problem) => ({ ...problem, path: nameOf(problem.path) }))) : error;
  }
}

function report(session: Session, response: SubmitPipelineResponse): void {
  const { pipeline } = response;
  session.show(SubmitPipelineResponseSchema, response, () => {
    if (!pipeline) return [];
    const at = sourceText(pipeline);
    const count = pipeline.workflowCount === 1 ? "1 workflow" : `${pipeline.workflowCount} workflows`;
    return [`Pipeline ${pipeline.id} (${visible(pipeline.name)}) has ${count}${at === "" ? "" : `, at ${at}`}.`];
  });
  if (!pipeline || session.format === "json") return;
  session.note(`watch it: crew pipelines watch ${pipeline.id}`, `its logs: crew pipelines logs ${pipeline.id} -f`);
}
