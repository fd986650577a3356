import { formatProblem, planPipeline, type PipelinePlan, type PlanProblem } from "@groundcrew/pipeline";
import { PipelineProblemsSchema, type PipelineFile, type SubmitPipelineRequest } from "@groundcrew/proto";
import { Code, ConnectError, invalidField } from "@groundcrew/rpc";
import { requireMap, requireRange, requireText } from "../validate.ts";

/** The largest pipeline file, in bytes. */
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
  file: { path: string; content: string };
  source: { repository: string; commit: string; branch: string };
  /** As the caller sent it. */
  env: Record<string, string>;
  idempotencyKey: string | null;
  /** How long nothing of it may start. 0: at once. */
  delayMs: number;
  /** False: code of a stranger. */
  trusted: boolean;
  plan: PipelinePlan;
}

/** Checks all of a request. Throws INVALID_ARGUMENT: with every problem of the file, or naming the field. */
export function checkedSubmission(request: SubmitPipelineRequest): Submission {
  const { source, idempotencyKey } = request;
  const file = checkedFile(request.file);
  const env = checkedEnv(request.env);
  const short = { max: 1_024, expected: "at most 1,024 characters" };
  const submission = {
    file,
    env,
    source: {
      repository: requireText("source.repository", source?.repository ?? "", short),
      commit: requireText("source.commit", source?.commit ?? "", short),
      branch: requireText("source.branch", source?.branch ?? "", short),
    },
    idempotencyKey:
      requireText("idempotency_key", idempotencyKey, { max: 64, expected: "at most 64 characters" }) || null,
    delayMs: requireRange("delay_ms", request.delayMs, 0, DELAY_MAX_MS),
    trusted: !request.untrusted,
    plan: planned(file),
  };
  checkStoredEnv(submission);
  return submission;
}

function checkedFile(file: PipelineFile | undefined): Submission["file"] {
  if (!file) throw invalidField("file", "absent", "a pipeline file");
  const path = requireText("file.path", file.path, { min: 1, max: 1_024, expected: "1 to 1,024 characters" });
  const bytes = Buffer.byteLength(file.content);
  if (bytes > FILE_MAX_BYTES) throw invalidField("file.content", `${bytes} bytes`, "at most 1 MiB");
  return { path, content: requireText("file.content", file.content, { max: bytes, expected: "text without NUL" }) };
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

/** The newest plans by file: the same file is submitted again and again. */
const plans = new Map<string, PipelinePlan>();

/** How many plans are kept, and up to which size of file, in characters: 1 MiB of files in all. */
const PLANS_MAX = 64;
const PLANNED_FILE_MAX = 16 * 1024;

function planned(file: Submission["file"]): PipelinePlan {
  const key = `${file.path}\n${file.content}`;
  const known = plans.get(key);
  if (known) return known;
  const plan = newPlan(file);
  if (key.length <= PLANNED_FILE_MAX) plans.set(key, plan);
  const [oldest] = plans.keys();
  if (plans.size > PLANS_MAX && oldest !== undefined) plans.delete(oldest);
  return plan;
}

function newPlan(file: Submission["file"]): PipelinePlan {
  const result = planPipeline(file);
  if (result.ok) return result.plan;
  throw new ConnectError(summary(result.problems), Code.InvalidArgument, undefined, [
    { desc: PipelineProblemsSchema, value: { problems: result.problems } },
  ]);
}

function summary(problems: PlanProblem[]): string {
  const [first] = problems;
  const more = problems.length - 1;
  return (first ? formatProblem(first) : "the pipeline file has mistakes") + (more > 0 ? ` (and ${more} more)` : "");
}

function checkStoredEnv({ env, plan: { workflows } }: Submission): void {
  const bytes = sizeOf(env) * workflows.length;
  if (bytes <= STORED_ENV_MAX_BYTES) return;
  const found = `${sizeOf(env)} bytes for each of ${workflows.length} workflows`;
  throw invalidField("env", found, "at most 16 MiB for all of them");
}

function sizeOf(env: Record<string, string>): number {
  return Object.entries(env).reduce((sum, texts) => sum + Buffer.byteLength(texts.join("=")), 0);
}
