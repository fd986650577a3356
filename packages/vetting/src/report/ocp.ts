import { readGate, type ValidatorType } from "./ocp-gates.ts";
import { StepWriter } from "./ocp-step.ts";
import { stageRecords, type StageRecords } from "../ocp/stage-records.ts";
import type { StageResult } from "../evaluate.ts";
import { isSkipped, type StageProfile } from "../profile.ts";
import { overallVerdict } from "../run.ts";
import type { SensorSample } from "../sensors.ts";
import type { Verdict } from "../verdict.ts";
import type { ReportInput } from "./input.ts";

/** The step that holds the sensor readings. */
const SENSOR_STEP = "sensors";

/**
 * A whole run as OCP Test & Validation output 2.0: a step for each stage, with its own records, a validator for each gate
 * at what it judges, and a diagnosis or error for each gate's verdict. Lines that a stage wrote and the specification does
 * not allow are left out, and a log says how many. One JSON record a line.
 */
export function renderOcp(input: ReportInput): string {
  const stages = input.stages.map((stage) => ({ ...stage, records: stageRecords(stage.ocp) }));
  const out = new StepWriter();
  const startedAt = iso(input.stages[0]?.startedAtMs ?? input.generatedAtMs);
  out.record(startedAt, { schemaVersion: { major: 2, minor: 0 } });
  out.record(startedAt, {
    testRunArtifact: {
      testRunStart: runStart(
        input,
        stages.map(({ records }) => records),
      ),
    },
  });
  for (const profile of input.run.profile.stages) {
    const stage = stages.find((one) => one.stage === profile.name);
    writeStage(out, { profile, input, stage, result: input.run.results.find((one) => one.stage === profile.name) });
  }
  writeSensors(out, input);
  out.record(iso(input.generatedAtMs), { testRunArtifact: { testRunEnd: runEnd(input) } });
  return out.text();
}

function runStart(input: ReportInput, records: readonly StageRecords[]) {
  const { machine, run } = input;
  const facts = [machine.vendor, machine.product, machine.serial, machine.systemUuid].filter(Boolean);
  return {
    name: "groundcrew.vetting",
    version: input.serverVersion,
    commandLine: `crew vet start ${JSON.stringify(machine.name)} --profile ${run.profile.name}`,
    parameters: { run: input.runId, profile: run.profile.name },
    dutInfo: {
      dutInfoId: machine.systemUuid || machine.serial || machine.name,
      name: machine.name,
      platformInfos: facts.map((info) => ({ info })),
      softwareInfos: unique(
        records.flatMap(({ software }) => software),
        (one) => one.softwareInfoId,
      ),
      hardwareInfos: unique(
        records.flatMap(({ hardware }) => hardware),
        (one) => one.hardwareInfoId,
      ),
    },
  };
}

function runEnd({ run }: ReportInput) {
  if (run.at === "canceled") return { status: "SKIP", result: "NOT_APPLICABLE" };
  const verdict = overallVerdict(run);
  if (verdict === "error") return { status: "ERROR", result: "NOT_APPLICABLE" };
  return { status: "COMPLETE", result: verdict === "fail" ? "FAIL" : "PASS" };
}

interface StagePart {
  profile: StageProfile;
  input: ReportInput;
  stage: (ReportInput["stages"][number] & { records: StageRecords }) | undefined;
  result: StageResult | undefined;
}

function writeStage(out: StepWriter, { profile, input, stage, result }: StagePart): void {
  const started = iso(stage?.startedAtMs ?? input.generatedAtMs);
  const finished = iso(stage?.finishedAtMs ?? input.generatedAtMs);
  out.start(profile.name, started);
  const gates = isSkipped(profile) ? [] : profile.gates;
  for (const artifact of stage?.records.artifacts ?? [])
    out.artifact(artifact, finished, (metric) => validatorsOf(gates, metric));
  out.endSeries(finished);
  if ((stage?.records.left ?? 0) > 0) {
    const message = `${stage?.records.left} lines are not here: they do not fit the specification, or are too many; see ocp.jsonl`;
    out.step(finished, { log: { severity: "WARNING", message } });
  }
  for (const gate of result?.gates ?? []) out.step(finished, readGate(gate));
  if (result === undefined) out.step(finished, { log: { severity: "WARNING", message: "the stage has not run" } });
  for (const reason of result?.reasons ?? [])
    out.step(finished, { log: { severity: severityOf(result?.verdict), message: reason } });
  out.end(finished, statusOf(result?.verdict));
}

function validatorsOf(gates: Exclude<StageProfile, { skip: string }>["gates"], metric: string) {
  return gates
    .filter((gate) => gate.metric === metric)
    .map((gate) => ({ type: VALIDATORS[gate.op], value: gate.value, metadata: { severity: gate.severity } }));
}

const VALIDATORS: Readonly<Record<string, ValidatorType>> = {
  "=": "EQUAL",
  "!=": "NOT_EQUAL",
  "<": "LESS_THAN",
  "<=": "LESS_THAN_OR_EQUAL",
  ">": "GREATER_THAN",
  ">=": "GREATER_THAN_OR_EQUAL",
};

function writeSensors(out: StepWriter, { samples = [] }: ReportInput): void {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return;
  out.start(SENSOR_STEP, iso(first.atMs));
  for (const [key, series] of Map.groupBy(samples, ({ kind, key }) => `${kind}/${key}`)) writeSensor(out, key, series);
  out.end(iso(last.atMs), "COMPLETE");
}

function writeSensor(out: StepWriter, measurementSeriesId: string, series: readonly SensorSample[]): void {
  const [first] = series;
  if (first === undefined) return;
  const unit = first.unit === "" ? {} : { unit: first.unit };
  out.step(iso(first.atMs), { measurementSeriesStart: { name: measurementSeriesId, measurementSeriesId, ...unit } });
  for (const [index, { value, atMs }] of series.entries()) {
    out.step(iso(atMs), { measurementSeriesElement: { index, value, timestamp: iso(atMs), measurementSeriesId } });
  }
  const atMs = series.at(-1)?.atMs ?? first.atMs;
  out.step(iso(atMs), { measurementSeriesEnd: { measurementSeriesId, totalCount: series.length } });
}

function statusOf(verdict: Verdict | undefined): "COMPLETE" | "ERROR" | "SKIP" {
  switch (verdict) {
    case "pass":
    case "warn":
    case "fail":
      return "COMPLETE";
    case "error":
    case "timed_out":
      return "ERROR";
    case "skip":
    case "canceled":
    case undefined:
      return "SKIP";
    default:
      return verdict satisfies never;
  }
}

function severityOf(verdict: Verdict | undefined): "INFO" | "WARNING" | "ERROR" {
  if (verdict === "skip") return "INFO";
  return verdict === "warn" ? "WARNING" : "ERROR";
}

function unique<T>(items: readonly T[], idOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [idOf(item), item])).values()];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
