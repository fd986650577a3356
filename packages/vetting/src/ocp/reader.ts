import { absence, record, type RunArtifact, type StepArtifact } from "./artifacts.ts";
import { ABSENT_EXTENSION, type OcpRun, type Series } from "./run.ts";

/** The longest line that is read, in UTF-16 units. An inventory of a large machine takes a few ten thousand. */
const MAX_LINE_LENGTH = 1024 * 1024;
/** The most lines that are read. A day of samples of five metrics every 5 s takes 86,400. */
const MAX_LINES = 200_000;
/** The most problems that are told one by one. */
const MAX_PROBLEMS = 20;

/**
 * Reads what a stage wrote on its evidence channel: JSON lines of OCP Test & Validation output 2.0.
 * Takes any text: what cannot be read becomes a problem, nothing is thrown, and the work is bounded.
 */
export function readOcp(text: string): OcpRun {
  const reading = new Reading();
  let lines = 0;
  for (const { line, number } of linesOf(text)) {
    lines += 1;
    if (lines > MAX_LINES) {
      reading.problem(`more than ${MAX_LINES} lines; the rest was not read`);
      break;
    }
    reading.read(line, number);
  }
  return reading.finish();
}

/** The lines that are not blank. Walks the text, since splitting one of nothing but newlines would take gigabytes. */
function* linesOf(text: string): Generator<{ line: string; number: number }> {
  let number = 0;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf("\n", at);
    const end = newline === -1 ? text.length : newline;
    number += 1;
    if (end > at) yield { line: text.slice(at, end), number };
    at = end + 1;
  }
}

class Reading {
  readonly #run: OcpRun = {
    software: [],
    measurements: [],
    series: [],
    diagnoses: [],
    errors: [],
    files: [],
    absences: [],
    extensions: [],
    problems: [],
  };
  readonly #series = new Map<string, { series: Series; byIndex: Map<number, number> }>();
  #versionSeen = false;
  #untold = 0;

  problem(message: string): void {
    if (this.#run.problems.length < MAX_PROBLEMS) this.#run.problems.push(message);
    else this.#untold += 1;
  }

  read(line: string, number: number): void {
    const at = `line ${number}`;
    if (line.length > MAX_LINE_LENGTH) return this.problem(`${at} is longer than ${MAX_LINE_LENGTH} characters`);
    const parsed = record.safeParse(jsonOf(line));
    if (!parsed.success) return this.problem(`${at} is not an OCP record: ${firstIssue(parsed.error)}`);
    const { schemaVersion, testRunArtifact, testStepArtifact } = parsed.data;
    if (schemaVersion !== undefined) this.#version(schemaVersion.major, at);
    else if (!this.#versionSeen) this.#version(undefined, at);
    if (testRunArtifact !== undefined) this.#runArtifact(testRunArtifact, at);
    if (testStepArtifact !== undefined) this.#stepArtifact(testStepArtifact, at);
  }

  finish(): OcpRun {
    for (const { series, byIndex } of this.#series.values()) {
      series.values = [...byIndex].toSorted(([a], [b]) => a - b).map(([, value]) => value);
    }
    if (this.#untold > 0) this.#run.problems.push(`and ${this.#untold} more problems`);
    return this.#run;
  }

  #version(major: number | undefined, at: string): void {
    this.#versionSeen = true;
    if (major === undefined) this.problem(`${at} should state schemaVersion, as the first line must`);
    else if (major !== 2) this.problem(`${at} states schema version ${major}; 2 is understood`);
  }

  #runArtifact(artifact: RunArtifact, at: string): void {
    const { testRunStart: start, testRunEnd: end, error } = artifact;
    if (error !== undefined) this.#run.errors.push(error);
    if (start !== undefined) {
      if (this.#run.start !== undefined) this.problem(`${at} starts the run a second time`);
      this.#run.start ??= { name: start.name, version: start.version, commandLine: start.commandLine };
      this.#run.software.push(...(start.dutInfo?.softwareInfos ?? []));
    }
    if (end !== undefined) {
      if (this.#run.end !== undefined) this.problem(`${at} ends the run a second time`);
      this.#run.end ??= end;
    }
  }

  #stepArtifact(artifact: StepArtifact, at: string): void {
    const { measurement, diagnosis, error, file, extension } = artifact;
    if (measurement !== undefined) this.#run.measurements.push(withPart(measurement));
    if (diagnosis !== undefined) this.#run.diagnoses.push(withPart(diagnosis));
    if (error !== undefined) this.#run.errors.push(error);
    if (file !== undefined) this.#run.files.push(file);
    if (extension !== undefined) this.#extension(extension, at);
    this.#seriesArtifact(artifact, at);
  }

  #extension(extension: { name: string; content?: unknown }, at: string): void {
    this.#run.extensions.push({ name: extension.name, content: extension.content });
    if (extension.name !== ABSENT_EXTENSION) return;
    const parsed = absence.safeParse(extension.content);
    if (parsed.success) this.#run.absences.push(parsed.data);
    else this.problem(`${at} tells an absence badly: ${firstIssue(parsed.error)}`);
  }

  #seriesArtifact(artifact: StepArtifact, at: string): void {
    const { measurementSeriesStart: start, measurementSeriesElement: element } = artifact;
    if (start !== undefined) {
      if (this.#series.has(start.measurementSeriesId)) return this.problem(`${at} starts a series a second time`);
      const series: Series = { name: start.name, unit: start.unit, values: [] };
      this.#run.series.push(series);
      this.#series.set(start.measurementSeriesId, { series, byIndex: new Map() });
    }
    if (element !== undefined) {
      const known = this.#series.get(element.measurementSeriesId);
      if (known === undefined) return this.problem(`${at} adds to a series that was not started`);
      known.byIndex.set(element.index, element.value);
    }
  }
}

/** The artifact with the name of the part that it is about, if it is about one. */
function withPart<T extends { subcomponent?: { name: string } | undefined; hardwareInfoId?: string | undefined }>({
  subcomponent,
  hardwareInfoId,
  ...rest
}: T) {
  const part = subcomponent?.name ?? hardwareInfoId;
  return part === undefined ? rest : { ...rest, part };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function firstIssue(error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] }): string {
  const issue = error.issues[0];
  if (issue === undefined || issue.path.length === 0) return "it is not a JSON object";
  return `${issue.path.map(String).join(".")}: ${issue.message}`.slice(0, 300);
}
