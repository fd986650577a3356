import { type Doubt, DOUBT_EXTENSION } from "./doubt.ts";
import { ABSENT_EXTENSION, type Absence, type Diagnosis } from "./run.ts";

/** What an {@link OcpWriter} needs from the program around it. */
export interface OcpWriterOptions {
  /** Writes one line, newline included. */
  write(line: string): void;
  /** The moment a record is made. */
  now(): Date;
}

/** The device under test, as far as it is known. Times and names are the caller's. */
export interface DutInfo {
  dutInfoId: string;
  name?: string;
  platformInfos?: { info: string }[];
  softwareInfos?: { softwareInfoId: string; name: string; version: string; softwareType?: string }[];
  hardwareInfos?: {
    hardwareInfoId: string;
    name: string;
    manufacturer?: string;
    serialNumber?: string;
    partNumber?: string;
  }[];
}

/** The end of a run: the four pairs that the specification allows. */
export type RunEnd =
  | { status: "COMPLETE"; result: "PASS" | "FAIL" }
  | { status: "ERROR" | "SKIP"; result: "NOT_APPLICABLE" };

/**
 * Writes OCP Test & Validation output 2.0: one JSON record a line, numbered and dated, the schema version first.
 * One writer is one test run with one step, which is what a stage is.
 */
export class OcpWriter {
  readonly #options: OcpWriterOptions;
  readonly #series = new Map<string, number>();
  #sequenceNumber = 0;
  #stepId = "0";
  #started = false;

  constructor(options: OcpWriterOptions) {
    this.#options = options;
    this.#record({ schemaVersion: { major: 2, minor: 0 } });
  }

  /** True once the run has started. */
  get started(): boolean {
    return this.#started;
  }

  /** Says what runs, with which parameters, on which device, and opens the step. First, and once. */
  start(run: {
    name: string;
    version: string;
    commandLine: string;
    parameters: Record<string, unknown>;
    dutInfo: DutInfo;
  }): void {
    this.#started = true;
    this.#record({ testRunArtifact: { testRunStart: run } });
    this.#stepId = run.name;
    this.#step({ testStepStart: { name: run.name } });
  }

  /** Closes the step and the run. Last, and once. */
  end(end: RunEnd): void {
    this.#step({ testStepEnd: { status: end.status } });
    this.#record({ testRunArtifact: { testRunEnd: end } });
  }

  /** One measured value. `part`: the one it was measured on, where there are several, such as a drive by its serial. */
  measurement(name: string, value: number | string | boolean, unit?: string, part?: string): void {
    const subcomponent = part === undefined ? {} : { subcomponent: { name: part } };
    this.#step({ measurement: { name, value, ...(unit === undefined ? {} : { unit }), ...subcomponent } });
  }

  /** What the stage itself concludes of the machine. It can make a verdict worse, never better. */
  diagnosis(diagnosis: Diagnosis): void {
    this.#step({ diagnosis });
  }

  /** One more value of a series, which the first value starts. The series' name is its id. */
  seriesValue(name: string, value: number, unit?: string): void {
    const index = this.#series.get(name) ?? 0;
    if (index === 0) {
      this.#step({
        measurementSeriesStart: { name, measurementSeriesId: name, ...(unit === undefined ? {} : { unit }) },
      });
    }
    this.#series.set(name, index + 1);
    const timestamp = this.#options.now().toISOString();
    this.#step({ measurementSeriesElement: { index, measurementSeriesId: name, value, timestamp } });
  }

  /** Closes every series. */
  endSeries(): void {
    for (const [measurementSeriesId, totalCount] of this.#series) {
      this.#step({ measurementSeriesEnd: { measurementSeriesId, totalCount } });
    }
  }

  /** A file in the evidence folder. */
  file(name: string, contentType: string): void {
    this.#step({ file: { displayName: name, uri: name, isSnapshot: true, contentType } });
  }

  /** Something went wrong in the stage, not in the hardware. */
  error(symptom: string, message: string): void {
    this.#step({ error: { symptom, message } });
  }

  /** Something that cannot be measured here. */
  absent(absence: Absence): void {
    this.extension(ABSENT_EXTENSION, absence);
  }

  /** Metrics that something besides the hardware may have made worse: a gate that they break is an error, not a fail. */
  doubt(doubt: Doubt): void {
    this.extension(DOUBT_EXTENSION, doubt);
  }

  /** Data of a kind that the format has no artifact for. */
  extension(name: string, content: unknown): void {
    this.#step({ extension: { name, content } });
  }

  #step(artifact: Record<string, unknown>): void {
    this.#record({ testStepArtifact: { testStepId: this.#stepId, ...artifact } });
  }

  #record(artifact: Record<string, unknown>): void {
    const envelope = { sequenceNumber: this.#sequenceNumber, timestamp: this.#options.now().toISOString() };
    this.#sequenceNumber += 1;
    this.#options.write(`${JSON.stringify({ ...artifact, ...envelope })}\n`);
  }
}
