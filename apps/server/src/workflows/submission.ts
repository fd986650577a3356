import {
  formatProblem,
  planFiles,
  type PipelinePlan,
  type PlanProblem,
  type SourceFile,
  type Trigger,
} from "@groundcrew/pipeline";
import { PipelineProblemsSchema, type PipelineFile, type SubmitPipelineRequest } from "@groundcrew/proto";
import { Code, ConnectError, invalidField } from "@groundcrew/rpc";
import { requireMap, requireRange, requireText } from "../validate.ts";
import type { StoredTrigger } from "./plan.ts";
import { checkedTrigger } from "./trigger.ts";

/** The largest pipeline file, and all files of one pipeline together, in bytes. */
const FILE_MAX_BYTES = 1024 * 1024;

/** The largest value of a variable: half of what Linux takes as one argument (MAX_ARG_STRLEN, 128 KiB). */
const VALUE_MAX = 64 * 1024;

/** All variables of a submission, in bytes: they travel in each grant, beside a plan of at most 1 MiB. */
const ENV_MAX_BYTES = 256 * 1024;

/** The variables of all workflows together, in bytes: each stores its own copy. */
const STORED_ENV_MAX_BYTES = 16 * 1024 * 1024;

/** The longest delay, in milliseconds: 30 days. */
const DELAY_MAX_MS = 30 * 24 * 60 * 60_000;

/** A pipeline that may be queued. */
export interface Submission {
  files: [SourceFile, ...SourceFile[]];
  source: { repository: string; commit: string; branch: string };
  /** As the caller sent it. */
  env: Record<string, string>;
  idempotencyKey: string | null;
  /** How long nothing of it may start. 0: at once. */
  delayMs: number;
  /** False: code of a stranger. */
  trusted: boolean;
  trigger: StoredTrigger;
  plan: PipelinePlan;
}

/** Checks all of a request. Throws INVALID_ARGUMENT: with every problem of the file, or naming the field. */
export function checkedSubmission(request: SubmitPipelineRequest): Submission {
  const { source, idempotencyKey } = request;
  const files = checkedFiles(request);
  const env = checkedEnv(request.env);
  const short = { max: 1_024, expected: "at most 1,024 characters" };
  const checked = {
    repository: requireText("source.repository", source?.repository ?? "", short),
    commit: requireText("source.commit", source?.commit ?? "", short),
    branch: requireText("source.branch", source?.branch ?? "", short),
  };
  const { paths, ...trigger } = checkedTrigger(request.trigger, checked.branch);
  const submission = {
    files,
    env,
    source: checked,
    idempotencyKey:
      requireText("idempotency_key", idempotencyKey, { max: 64, expected: "at most 64 characters" }) || null,
    delayMs: requireRange("delay_ms", request.delayMs, 0, DELAY_MAX_MS),
    trusted: !request.untrusted,
    trigger,
    plan: planned(files, paths ? { ...trigger, paths } : trigger),
  };
  checkStoredEnv(submission);
  checkCheckouts(submission);
  return submission;
}

function checkedFiles({ file, moreFiles }: SubmitPipelineRequest): Submission["files"] {
  const first = checkedFile("file", file);
  const files: Submission["files"] = [first, ...moreFiles.map((each, n) => checkedFile(`more_files[${n}]`, each))];
  const bytes = files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  if (bytes > FILE_MAX_BYTES) throw invalidField("more_files", `${bytes} bytes of files`, "at most 1 MiB together");
  return files;
}

function checkedFile(field: string, file: PipelineFile | undefined): SourceFile {
  if (!file) throw invalidField(field, "absent", "a pipeline file");
  const path = requireText(`${field}.path`, file.path, { min: 1, max: 1_024, expected: "1 to 1,024 characters" });
  const bytes = Buffer.byteLength(file.content);
  if (bytes > FILE_MAX_BYTES) throw invalidField(`${field}.content`, `${bytes} bytes`, "at most 1 MiB");
  return { path, content: requireText(`${field}.content`, file.content, { max: bytes, expected: "text without NUL" }) };
}

function checkedEnv(env: Record<string, string>): Record<string, string> {
  requireMap("env", env, { maxEntries: 256, maxKey: 256, maxValue: VALUE_MAX });
  for (const name of Object.keys(env)) {
    requireText("env key", name, {
      max: 256,
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      expected: "letters, digits and '_', not starting with a digit",
    });
    requireText("env key", name, {
      max: 256,
      pattern: /^(?!GROUNDCREW_|MATRIX_)/,
      expected: "a name outside GROUNDCREW_ and MATRIX_, which are reserved",
    });
  }
  if (sizeOf(env) > ENV_MAX_BYTES) throw invalidField("env", `${sizeOf(env)} bytes`, "at most 256 KiB");
  return env;
}

/** The newest plans by files and trigger: the same are submitted again and again. */
const plans = new Map<string, PipelinePlan>();

/** How many plans are kept, and up to which size of files and trigger, in characters: 1 MiB of them in all. */
const PLANS_MAX = 64;
const PLANNED_FILE_MAX = 16 * 1024;

function planned(files: Submission["files"], trigger: Trigger): PipelinePlan {
  const key = JSON.stringify([files, trigger]);
  const known = plans.get(key);
  if (known) return known;
  const plan = newPlan(files, trigger);
  if (key.length <= PLANNED_FILE_MAX) plans.set(key, plan);
  const [oldest] = plans.keys();
  if (plans.size > PLANS_MAX && oldest !== undefined) plans.delete(oldest);
  return plan;
}

function newPlan(files: Submission["files"], trigger: Trigger): PipelinePlan {
  const result = planFiles({ files, trigger });
  if (result.ok && result.plan.workflows.length > 0) return result.plan;
  if (result.ok) throw nothingToDo(result.plan);
  throw fileProblems(result.problems);
}

/** INVALID_ARGUMENT with every problem of a file. */
export function fileProblems(problems: PlanProblem[]): ConnectError {
  const details = [{ desc: PipelineProblemsSchema, value: { problems } }];
  return new ConnectError(summary(problems), Code.InvalidArgument, undefined, details);
}

function nothingToDo({ leftOut }: PipelinePlan): ConnectError {
  const [first] = leftOut;
  const why = first ? `: ${first.name} is left out, for ${first.why}` : "";
  return new ConnectError(`none of the ${leftOut.length} workflows is to run${why}`, Code.FailedPrecondition);
}

function summary(problems: PlanProblem[]): string {
  const [first] = problems;
  const more = problems.length - 1;
  return (first ? formatProblem(first) : "the pipeline file has mistakes") + (more > 0 ? ` (and ${more} more)` : "");
}

/** Throws INVALID_ARGUMENT when all workflows' copies of the variables are too much to store. */
export function checkStoredEnv({ env, plan: { workflows } }: Submission): void {
  const bytes = sizeOf(env) * workflows.length;
  if (bytes <= STORED_ENV_MAX_BYTES) return;
  const found = `${sizeOf(env)} bytes for each of ${workflows.length} workflows`;
  throw invalidField("env", found, "at most 16 MiB for all of them");
}

function checkCheckouts({ source, plan: { workflows } }: Submission): void {
  const needy = workflows.find(({ checkout }) => checkout);
  if (!needy || source.repository !== "") return;
  throw invalidField("source.repository", "empty", `the repository that workflow ${needy.name} checks out`);
}

function sizeOf(env: Record<string, string>): number {
  return Object.entries(env).reduce((sum, texts) => sum + Buffer.byteLength(texts.join("=")), 0);
}
