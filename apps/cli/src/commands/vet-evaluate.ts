import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { CAPTURE_KINDS, type CaptureKind, evaluateCapture, evaluateRun } from "@groundcrew/vetting";
import { judgeCorpus, parseLabels } from "../evidence/corpus.ts";
import { fetchEvidence } from "../evidence/fetch.ts";
import { readEvidenceFolder } from "../evidence/read-folder.ts";
import { ExitCode } from "../exit-codes.ts";
import { usage } from "../failure.ts";
import { readTextFile } from "../files.ts";
import { captureLines, corpusLines, runLines } from "../render/evaluation.ts";
import type { Session } from "../session.ts";
import { withExamples, withOutput, type Run } from "./command.ts";
import { readProfile } from "./vet-profiles.ts";

/** The longest capture that is read, in bytes: 64 MiB. */
const MAX_BYTES = 64 * 2 ** 20;

interface Options {
  profile?: string;
  log?: string;
  corpus?: string;
  labels?: string;
}

/** `crew vet evaluate`. */
export function addEvaluate(vet: Command, run: Run): void {
  const evaluate = withOutput(vet.command("evaluate"))
    .summary("judge kept evidence, or a tool's output by itself")
    .description(
      "Judges again what was measured, here, without an agent: a run's kept evidence by another profile (a run's id, " +
        "or the folder of an agent or of `crew vet evidence`), or one tool's output by itself. Kinds of output: smart " +
        "(`smartctl --json -x DEVICE`), cpu-stress (stress-ng's YAML, its log, or both), memory (stressapptest, memtester, " +
        "stress-ng vm), storage (`fio --output-format=json`), network (`iperf3 -J`), gpu (`nvidia-smi -q [-x]`, " +
        "`--query-gpu --format=csv`, `dcgmi diag -j`), psu (ipmitool's sdr, sensor, sel elist, dcmi power reading). " +
        "A verdict comes from what was measured, never from the tool's exit code; what cannot be read, was stopped or " +
        "is cut off is an error.",
    )
    .argument("[what]", `a run's id, a folder of evidence, or a kind: ${CAPTURE_KINDS.join(", ")}`)
    .argument("[file]", "with a kind: the tool's output")
    .option("--profile <profile>", "for a run or a folder: a built-in profile, or a file")
    .option("--log <file>", "for cpu-stress and memory: what stress-ng said, beside its YAML")
    .option("--corpus <folder>", "judge every capture that --labels names, and count what was judged wrongly")
    .option("--labels <csv>", "lines of file,kind,label[,note]; label is pass, fail or error")
    .action(run(evaluateWhat));
  withExamples(evaluate, [
    "crew vet evaluate smart smartctl.json -o json",
    "crew vet evaluate cpu-stress stress.yaml --log stress.log",
    "crew vet evaluate 12 --profile ./stricter.yaml",
    "crew vet evaluate --corpus ./archive --labels ./archive/labels.csv",
  ]);
}

async function evaluateWhat(session: Session, options: Options, what?: string, file?: string): Promise<ExitCode> {
  if (options.corpus !== undefined || options.labels !== undefined) return evaluateCorpus(session, options, what);
  if (what === undefined) throw usage("nothing to evaluate", "name a run, a folder, or a kind and a file");
  const kind = CAPTURE_KINDS.find((each) => each === what);
  if (kind && file !== undefined) return evaluateOne(session, options, kind, file);
  if (kind && !existsSync(resolve(session.io.cwd, what))) {
    throw usage(`the file of ${kind} is missing`, `crew vet evaluate ${kind} FILE`);
  }
  if (file !== undefined) {
    throw usage(`the kind is ${JSON.stringify(what)}`, `expected one of ${CAPTURE_KINDS.join(", ")}`);
  }
  return evaluateAgain(session, options, what);
}

async function evaluateOne(session: Session, options: Options, kind: CaptureKind, file: string): Promise<ExitCode> {
  if (options.profile !== undefined)
    throw usage("--profile is for a run or a folder", "a capture has gates of its own");
  const read = (name: string): Promise<string> => readTextFile(resolve(session.io.cwd, name), name, MAX_BYTES);
  const log = options.log === undefined ? "" : `\n${await read(options.log)}`;
  const result = evaluateCapture(kind, `${await read(file)}${log}`);
  if (session.format === "json") session.print([JSON.stringify(result, undefined, 2)]);
  else session.print(captureLines(session, result));
  return exitCodeOf(result.verdict);
}

/** A run's evidence is fetched first, and thrown away afterwards. */
async function evaluateAgain(session: Session, { profile }: Options, what: string): Promise<ExitCode> {
  if (profile === undefined) throw usage("--profile is missing", "name the profile to judge by: crew vet profiles ls");
  const chosen = await readProfile(session, profile);
  const path = resolve(session.io.cwd, what);
  const isRun = /^#?[1-9]\d{0,18}$/.test(what) && !existsSync(path);
  const evidence = isRun ? await fetched(session, what.replace("#", "")) : await readEvidenceFolder(path, what);
  const result = evaluateRun(chosen, evidence);
  if (session.format === "json") session.print([JSON.stringify(result, undefined, 2)]);
  else session.print(runLines(session, result));
  return exitCodeOf(result.verdict);
}

async function fetched(session: Session, id: string): ReturnType<typeof readEvidenceFolder> {
  const scratch = await mkdtemp(join(tmpdir(), "crew-evidence-"));
  try {
    await fetchEvidence(session, await session.operator(), id, scratch);
    return await readEvidenceFolder(scratch, `run ${id}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function evaluateCorpus(session: Session, { corpus, labels }: Options, what?: string): Promise<ExitCode> {
  if (corpus === undefined || labels === undefined) throw usage("--corpus and --labels go together", "name both");
  if (what !== undefined)
    throw usage(`${JSON.stringify(what)} is one too many`, "a corpus names its files in --labels");
  const table = await readTextFile(resolve(session.io.cwd, labels), labels, MAX_BYTES);
  const judged = await judgeCorpus(resolve(session.io.cwd, corpus), parseLabels(table, labels));
  if (session.format === "json") session.print([JSON.stringify(judged, undefined, 2)]);
  else session.print(corpusLines(session, judged));
  return judged.every(({ wrong }) => wrong === undefined) ? ExitCode.ok : ExitCode.unsuccessful;
}

function exitCodeOf(verdict: string): ExitCode {
  return verdict === "pass" || verdict === "warn" ? ExitCode.ok : ExitCode.unsuccessful;
}
