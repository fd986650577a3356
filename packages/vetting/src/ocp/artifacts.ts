import { z } from "zod";

// The parts of OCP Test & Validation output 2.0 that are read. Fields and artifacts that are not listed are let through:
// a stage of a third party may say more than is understood here.

const name = z.string().min(1).max(256);
const text = z.string().default("");

const software = z.object({ name, version: text });
const testRunStart = z.object({
  name,
  version: text,
  commandLine: text,
  dutInfo: z.object({ softwareInfos: z.array(software).default([]) }).optional(),
});
const testRunEnd = z
  .object({ status: z.enum(["COMPLETE", "ERROR", "SKIP"]), result: z.enum(["PASS", "FAIL", "NOT_APPLICABLE"]) })
  .refine((end) => (end.status === "COMPLETE") === (end.result !== "NOT_APPLICABLE"), {
    message: "the specification does not allow this status with this result",
  });
const error = z.object({ symptom: name, message: text });

/** What may stand under `testRunArtifact`. */
const runArtifact = z.object({
  testRunStart: testRunStart.optional(),
  testRunEnd: testRunEnd.optional(),
  error: error.optional(),
});

/** Which part of the machine it is about. Our own stages name a subcomponent. */
const about = { subcomponent: z.object({ name }).optional(), hardwareInfoId: name.optional() };

/** What may stand under `testStepArtifact`. */
const stepArtifact = z.object({
  measurement: z
    .object({
      name,
      value: z.union([z.number(), z.string().max(4096), z.boolean()]),
      unit: text,
      ...about,
    })
    .optional(),
  measurementSeriesStart: z.object({ name, measurementSeriesId: name, unit: text }).optional(),
  measurementSeriesElement: z
    .object({ index: z.int().min(0), measurementSeriesId: name, value: z.number() })
    .optional(),
  diagnosis: z.object({ verdict: name, type: z.enum(["PASS", "FAIL", "UNKNOWN"]), message: text, ...about }).optional(),
  error: error.optional(),
  file: z.object({ displayName: name, uri: z.string().max(1024), contentType: text }).optional(),
  extension: z.object({ name, content: z.unknown() }).optional(),
});

/** The content of the extension that tells an absence. */
export const absence = z.object({ what: name, why: text, metrics: z.array(name).default([]) });

/** One line. */
export const record = z.object({
  schemaVersion: z.object({ major: z.int(), minor: z.int() }).optional(),
  testRunArtifact: runArtifact.optional(),
  testStepArtifact: stepArtifact.optional(),
});

export type RunArtifact = z.infer<typeof runArtifact>;
export type StepArtifact = z.infer<typeof stepArtifact>;
