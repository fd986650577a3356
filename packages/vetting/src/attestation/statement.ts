import { z } from "zod";
import { canonicalJson } from "../canonical-json.ts";
import { isSkipped } from "../profile.ts";
import type { ReportInput } from "../report/input.ts";
import { sha256Of } from "./digest.ts";
import { notCovered, overallVerdict, type RunState } from "../run.ts";
import type { Verdict } from "../verdict.ts";

/** The in-toto statement's type, and that of the predicate: https://in-toto.io/attestation/test-result/v0.1. */
export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1";

const name = z.string().min(1).max(512);
const digest = z.record(
  z.string().regex(/^[a-z0-9_]+$/),
  z.string().regex(/^[0-9a-f]{2,256}$/, "expected hexadecimal"),
);
const descriptor = z.object({
  name: name.optional(),
  digest: digest.optional(),
  uri: z.string().optional(),
  content: z.string().optional(),
  annotations: z.record(z.string(), z.unknown()).optional(),
});

/** What is signed: the files it speaks of, by their digests, and what was found. */
export const statement = z.object({
  _type: z.literal(STATEMENT_TYPE),
  subject: z
    .array(descriptor.extend({ name, digest: digest.refine((one) => "sha256" in one, "expected a sha256") }))
    .min(1, "expected at least one subject"),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.object({
    result: z.enum(["PASSED", "WARNED", "FAILED"]),
    configuration: z.array(descriptor),
    passedTests: z.array(name).default([]),
    warnedTests: z.array(name).default([]),
    failedTests: z.array(name).default([]),
  }),
});

/** An in-toto Statement v1 with a test-result v0.1. */
export type Statement = z.infer<typeof statement>;

/** A file that an attestation speaks of. The digest is SHA-256 in hexadecimal. */
export interface Subject {
  name: string;
  sha256: string;
}

/**
 * What a run found, as an in-toto statement. A stage that could not be judged, was stopped or has not run counts among
 * the failed ones: whoever reads only the lists must not take it for good. The predicate has no list of what was skipped,
 * so that stands in the annotations of its configuration, with what was not covered.
 */
export function statementOf(input: ReportInput, subjects: readonly Subject[]): Statement {
  const { run } = input;
  const stages = run.profile.stages.map(({ name }) => ({ name, verdict: verdictOf(run, name) }));
  const named = (...verdicts: Verdict[]) =>
    stages.filter(({ verdict }) => verdicts.includes(verdict)).map(({ name }) => name);
  return {
    _type: STATEMENT_TYPE,
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: PREDICATE_TYPE,
    predicate: {
      result: resultOf(run),
      configuration: [configurationOf(input)],
      passedTests: named("pass"),
      warnedTests: named("warn"),
      failedTests: named("fail", "error", "canceled", "timed_out"),
    },
  };
}

function configurationOf(input: ReportInput): Statement["predicate"]["configuration"][number] {
  const { run, runId, machine } = input;
  const skipped = run.profile.stages.flatMap((stage) => (isSkipped(stage) ? [[stage.name, stage.skip]] : []));
  return {
    name: `profile ${run.profile.name}`,
    digest: { sha256: sha256Of(canonicalJson(run.profile)) },
    annotations: {
      run: runId,
      machine: machine.name,
      ...(machine.serial ? { serial: machine.serial } : {}),
      ...(machine.systemUuid ? { systemUuid: machine.systemUuid } : {}),
      server: input.serverVersion,
      madeAt: new Date(input.generatedAtMs).toISOString(),
      verdict: overallVerdict(run),
      skipped: Object.fromEntries(skipped) as Record<string, string>,
      notCovered: notCovered(run),
      decisions: (input.decisions ?? []).map((one) => ({ ...one, at: new Date(one.atMs).toISOString() })),
    },
  };
}

function verdictOf(run: RunState, stage: string): Verdict {
  return run.results.find((result) => result.stage === stage)?.verdict ?? "error";
}

function resultOf(run: RunState): Statement["predicate"]["result"] {
  // The report is made, and signed, as the last of a run's stages; a run that did not get there proves nothing.
  if (run.at !== "reporting" && run.at !== "passed") return "FAILED";
  const verdict = overallVerdict(run);
  if (verdict === "pass") return "PASSED";
  return verdict === "warn" ? "WARNED" : "FAILED";
}
