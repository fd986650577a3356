import { z } from "zod";
import { ARTIFACTS, hardwareInfo, softwareInfo, type ArtifactName } from "./specification.ts";

/** The most artifacts of one stage that go into a run's record; the rest is in the stage's own file. */
const MAX_ARTIFACTS = 20_000;

/** One artifact of a stage, as the specification allows it. */
export interface StageArtifact {
  name: ArtifactName;
  content: Record<string, unknown>;
  /** ISO 8601. Absent: the stage gave no readable moment. */
  timestamp?: string;
}

/** What a stage recorded, as far as it fits the specification. */
export interface StageRecords {
  artifacts: StageArtifact[];
  hardware: z.infer<typeof hardwareInfo>[];
  software: z.infer<typeof softwareInfo>[];
  /** Lines that are not in `artifacts`: they do not fit the specification, or there are too many. */
  left: number;
}

const line = z.object({
  timestamp: z.iso.datetime({ offset: true }).optional().catch(undefined),
  testRunArtifact: z.record(z.string(), z.unknown()).optional(),
  testStepArtifact: z.record(z.string(), z.unknown()).optional(),
});
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(z.unknown())
    .catch([])
    .transform((all) => all.flatMap((one) => valid(item, one)));
const dutInfo = z.object({ hardwareInfos: list(hardwareInfo), softwareInfos: list(softwareInfo) });
const runStart = z.object({ testRunStart: z.object({ dutInfo }) });

/** Reads a stage's own record for use in a run's: whatever does not fit is left out and counted. Takes any text. */
export function stageRecords(ocp: string): StageRecords {
  const records: StageRecords = { artifacts: [], hardware: [], software: [], left: 0 };
  for (const text of ocp.split("\n")) if (text.trim() !== "") read(records, text);
  return records;
}

function read(records: StageRecords, text: string): void {
  const parsed = line.safeParse(jsonOf(text));
  if (!parsed.success) return void (records.left += 1);
  const { testRunArtifact: run, testStepArtifact: step, timestamp } = parsed.data;
  if (run !== undefined) readRun(records, run, timestamp);
  if (step === undefined || "testStepStart" in step || "testStepEnd" in step) return;
  const names = (Object.keys(ARTIFACTS) as ArtifactName[]).filter((name) => name in step);
  const content = names[0] === undefined ? undefined : valid(ARTIFACTS[names[0]], step[names[0]])[0];
  add(records, names.length === 1 ? names[0] : undefined, content, timestamp);
}

/** Of a run's own artifacts, its log and errors become the step's; its start and end are made anew. */
function readRun(records: StageRecords, run: Record<string, unknown>, timestamp: string | undefined): void {
  const start = runStart.safeParse(run);
  if (start.success) {
    records.hardware.push(...start.data.testRunStart.dutInfo.hardwareInfos);
    records.software.push(...start.data.testRunStart.dutInfo.softwareInfos);
  }
  for (const name of ["error", "log"] as const) {
    if (name in run) add(records, name, valid(ARTIFACTS[name], run[name])[0], timestamp);
  }
}

function add(
  records: StageRecords,
  name: ArtifactName | undefined,
  content: object | undefined,
  timestamp?: string,
): void {
  if (name === undefined || content === undefined || records.artifacts.length >= MAX_ARTIFACTS) {
    records.left += 1;
    return;
  }
  records.artifacts.push({ name, content: { ...content }, ...(timestamp !== undefined && { timestamp }) });
}

function valid<T extends z.ZodType>(schema: T, value: unknown): z.output<T>[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [parsed.data] : [];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
