import { judgeGate, type GateResult } from "./gate.ts";
import { withDoubts } from "./ocp/doubt.ts";
import { readOcp } from "./ocp/reader.ts";
import type { OcpRun } from "./ocp/run.ts";
import { type GatedStage, isGated, isSkipped, type SkippedStage, type StageProfile } from "./profile.ts";
import type { ProfiledStageName } from "./stages.ts";
import { gravest, type Verdict } from "./verdict.ts";

/** The most reasons a result carries, and the longest of them. A stage's own words are not trusted to be few or short. */
const MAX_REASONS = 50;
const MAX_REASON_LENGTH = 500;

/** What is left of a stage: how its process ended, and what it wrote. */
export interface StageEvidence {
  /** `completed`: the process ended by itself, whatever its exit code. */
  outcome: "completed" | "canceled" | "timed_out" | "not_started";
  /** Told in reasons; never decides. */
  exitCode?: number;
  signal?: string;
  /** Why it could not be started, or what else went wrong around it. */
  error?: string;
  /** The JSON lines from its evidence channel. Any text. */
  ocp: string;
}

/** A stage, judged. JSON-serialisable. */
export interface StageResult {
  stage: ProfiledStageName;
  verdict: Verdict;
  /** For people: why the verdict is no better. Empty for a pass. */
  reasons: string[];
  /** One for each gate, in the profile's order. */
  gates: GateResult[];
}

interface Finding {
  verdict: Verdict;
  reason: string;
}

/**
 * Judges a stage from its evidence. Pure, so that kept evidence can be judged again under another profile.
 * An exit code of 0 proves nothing; a record that is unreadable or has no end is an error; nothing missing passes.
 */
export function judgeStage(profile: StageProfile, evidence: StageEvidence): StageResult {
  if (isSkipped(profile)) return skipResult(profile.name, profile.skip);
  const run = readOcp(evidence.ocp);
  const absence = isGated(profile) ? declaredAbsence(profile, evidence, run) : undefined;
  if (absence !== undefined) return skipResult(profile.name, absence);
  const gates = profile.gates.map((gate) =>
    withDoubts(judgeGate(gate, run.measurements, whyAbsent(run, gate.metric)), run),
  );
  const findings = [...outcomeFindings(profile, evidence), ...gateFindings(gates), ...stageFindings(run)];
  if (evidence.outcome === "completed") findings.push(...absenceFindings(gates), ...recordFindings(run, evidence));
  const verdict = gravest(
    findings.map((finding) => finding.verdict),
    "pass",
  );
  const reasons = findings.slice(0, MAX_REASONS).map((finding) => finding.reason.slice(0, MAX_REASON_LENGTH));
  return { stage: profile.name, verdict, reasons, gates };
}

/**
 * Why a stage's kind of hardware is not there, where the profile says that it need not be (`expect: none`) and the stage
 * says that it looked. What was measured all the same is judged.
 */
function declaredAbsence(profile: GatedStage, { outcome }: StageEvidence, run: OcpRun): string | undefined {
  const isDeclared = profile.parameters["expect"] === "none" && outcome === "completed" && run.end?.status === "SKIP";
  if (!isDeclared || run.measurements.length > 0 || run.errors.length > 0 || run.problems.length > 0) return undefined;
  const why = run.absences.find(({ metrics }) => metrics.includes(profile.name))?.why;
  return why === undefined ? undefined : `none is expected, and none is there: ${why}`;
}

/** The result of a stage that the profile leaves out. */
export function skipResult(stage: ProfiledStageName, why: string): StageResult {
  return { stage, verdict: "skip", reasons: [why], gates: [] };
}

function outcomeFindings(profile: Exclude<StageProfile, SkippedStage>, evidence: StageEvidence): Finding[] {
  const because = evidence.error === undefined ? "" : `: ${evidence.error}`;
  switch (evidence.outcome) {
    case "completed":
      return [];
    case "canceled":
      return [{ verdict: "canceled", reason: `stopped before its end${because}` }];
    case "timed_out":
      return [{ verdict: "timed_out", reason: `ran past its limit${limitOf(profile)}${because}` }];
    case "not_started":
      return [{ verdict: "error", reason: `could not be started${because}` }];
    default:
      throw new Error(`unknown outcome ${String(evidence.outcome satisfies never)}`);
  }
}

function limitOf(profile: StageProfile): string {
  return isGated(profile) ? ` of ${profile.timeoutMs / 1000} s` : "";
}

/** The gates that were measured and do not hold. */
function gateFindings(gates: readonly GateResult[]): Finding[] {
  return gates
    .filter((gate) => gate.value !== undefined && gate.verdict !== "pass")
    .map((gate) => ({ verdict: gate.verdict, reason: gate.message }));
}

/** What a stage that ended by itself should have measured. One that was stopped has its own, better reason. */
function absenceFindings(gates: readonly GateResult[]): Finding[] {
  if (gates.every((gate) => gate.verdict === "skip")) return [{ verdict: "error", reason: "nothing was measured" }];
  return gates
    .filter((gate) => gate.value === undefined && gate.verdict === "error")
    .map((gate) => ({ verdict: "error", reason: gate.message }));
}

/** What the stage says of itself. It can only make things worse. */
function stageFindings(run: OcpRun): Finding[] {
  const diagnosed = run.diagnoses
    .filter((diagnosis) => diagnosis.type !== "PASS")
    .map((diagnosis): Finding => {
      const verdict = diagnosis.type === "FAIL" ? "fail" : "warn";
      return { verdict, reason: `the stage's own diagnosis: ${said(diagnosis.verdict, diagnosis.message)}` };
    });
  const errors = run.errors.map((error): Finding => ({ verdict: "error", reason: said(error.symptom, error.message) }));
  return [...diagnosed, ...errors];
}

/** What is wrong with the record of a stage that ended by itself. */
function recordFindings(run: OcpRun, evidence: StageEvidence): Finding[] {
  const unreadable = run.problems.map((problem): Finding => ({ verdict: "error", reason: `evidence: ${problem}` }));
  if (run.start === undefined) return [...unreadable, { verdict: "error", reason: "evidence: it has no start" }];
  if (run.end === undefined) {
    return [...unreadable, { verdict: "error", reason: `evidence: it has no end; the stage ${howEnded(evidence)}` }];
  }
  const { status, result } = run.end;
  if (status === "SKIP") {
    unreadable.push({ verdict: "error", reason: "the stage skipped itself, which the profile does not declare" });
  }
  if (status === "ERROR" && run.errors.length === 0) {
    unreadable.push({ verdict: "error", reason: "the stage says that it could not do its work" });
  }
  if (result === "FAIL" && !run.diagnoses.some((diagnosis) => diagnosis.type === "FAIL")) {
    unreadable.push({ verdict: "fail", reason: "the stage says that the hardware failed" });
  }
  return unreadable;
}

function whyAbsent(run: OcpRun, metric: string): string | undefined {
  return run.absences.find((absence) => absence.metrics.includes(metric))?.why;
}

function said(what: string, message: string): string {
  return message === "" ? what : `${what}: ${message}`;
}

function howEnded(evidence: StageEvidence): string {
  if (evidence.signal !== undefined) return `was killed by ${evidence.signal}`;
  if (evidence.exitCode !== undefined) return `exited with code ${evidence.exitCode}`;
  return "ended";
}
