import { z } from "zod";

// OCP Test & Validation output 2.0 as its JSON Schemas have it (github.com/opencomputeproject/ocp-diag-core, json_spec):
// every artifact of a step, and of a device under test. Fields that the schemas do not know are dropped, since they allow
// no others. What a third party's stage wrote is put into a run's record only through here.

const text = z.string();
const metadata = z.record(z.string(), z.unknown()).optional();
const sourceLocation = z.object({ file: text, line: z.number() }).optional();
const scalar = z.union([z.string(), z.boolean(), z.number()]);
const subcomponent = z
  .object({
    type: z.enum(["UNSPECIFIED", "ASIC", "ASIC-SUBSYSTEM", "BUS", "FUNCTION", "CONNECTOR"]).optional(),
    name: text,
    location: text.optional(),
    version: text.optional(),
    revision: text.optional(),
  })
  .optional();
const validators = z
  .array(
    z.object({
      name: text.optional(),
      type: z.enum([
        "EQUAL",
        "NOT_EQUAL",
        "LESS_THAN",
        "LESS_THAN_OR_EQUAL",
        "GREATER_THAN",
        "GREATER_THAN_OR_EQUAL",
        "REGEX_MATCH",
        "REGEX_NO_MATCH",
        "IN_SET",
        "NOT_IN_SET",
      ]),
      value: scalar,
      metadata,
    }),
  )
  .optional();
const hardwareInfoId = text.optional();
const index = z.int().min(0);
const moment = z.iso.datetime({ offset: true });

/** The artifacts that a step may hold between its start and its end, by their names. */
export const ARTIFACTS = {
  measurement: z.object({
    name: text,
    value: scalar,
    unit: text.optional(),
    validators,
    hardwareInfoId,
    subcomponent,
    metadata,
  }),
  measurementSeriesStart: z.object({
    name: text,
    unit: text.optional(),
    measurementSeriesId: text,
    validators,
    hardwareInfoId,
    subcomponent,
    metadata,
  }),
  measurementSeriesElement: z.object({ index, value: scalar, timestamp: moment, measurementSeriesId: text, metadata }),
  measurementSeriesEnd: z.object({ measurementSeriesId: text, totalCount: index }),
  diagnosis: z.object({
    verdict: text,
    type: z.enum(["PASS", "FAIL", "UNKNOWN"]),
    message: text.optional(),
    hardwareInfoId,
    subcomponent,
    sourceLocation,
  }),
  error: z.object({
    symptom: text,
    message: text.optional(),
    softwareInfoIds: z.array(text).optional(),
    sourceLocation,
  }),
  log: z.object({ severity: z.enum(["INFO", "DEBUG", "WARNING", "ERROR", "FATAL"]), message: text, sourceLocation }),
  file: z.object({ displayName: text, uri: text, contentType: text.optional(), isSnapshot: z.boolean(), metadata }),
  extension: z.object({ name: text, content: z.record(z.string(), z.unknown()) }),
} as const;

export type ArtifactName = keyof typeof ARTIFACTS;

/** A part of the device under test, as a stage's start declares it. */
export const hardwareInfo = z.object({
  hardwareInfoId: text,
  name: text,
  version: text.optional(),
  revision: text.optional(),
  location: text.optional(),
  serialNumber: text.optional(),
  partNumber: text.optional(),
  partType: text.optional(),
  manufacturer: text.optional(),
  manufacturerPartNumber: text.optional(),
});

/** A program that a stage used. */
export const softwareInfo = z.object({
  softwareInfoId: text,
  name: text,
  version: text.optional(),
  revision: text.optional(),
  softwareType: z.enum(["UNSPECIFIED", "FIRMWARE", "SYSTEM", "APPLICATION"]).optional(),
});
