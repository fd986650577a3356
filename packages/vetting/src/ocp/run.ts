/** One measured value. */
export interface Measurement {
  name: string;
  value: number | string | boolean;
  /** Empty when the stage gave none. */
  unit: string;
  /** Which of several parts it was measured on, such as a drive by its serial. Absent: on the machine as a whole. */
  part?: string;
}

/** One metric measured several times, in the order of its indexes. */
export interface Series {
  name: string;
  unit: string;
  values: number[];
}

/** What the stage itself concluded. It can make a verdict worse, never better. */
export interface Diagnosis {
  verdict: string;
  type: "PASS" | "FAIL" | "UNKNOWN";
  message: string;
  /** The part that it is about. */
  part?: string;
}

/** The extension that says what a stage could not measure: content {@link Absence}. */
export const ABSENT_EXTENSION = "groundcrew.absent";

/** Something that could not be measured here. Never written as 0. */
export interface Absence {
  /** What is missing, such as `DIMMs`. */
  what: string;
  /** Why, and the Debian package that would help, such as `dmidecode is not installed (Debian package dmidecode)`. */
  why: string;
  /** The metrics that are therefore not there. */
  metrics: string[];
}

/** What one stage wrote, in the vocabulary of OCP Test & Validation output 2.0. */
export interface OcpRun {
  /** Absent: the stage never said it started. */
  start?: { name: string; version: string; commandLine: string };
  /** Absent: the stage did not get to its end. */
  end?: { status: "COMPLETE" | "ERROR" | "SKIP"; result: "PASS" | "FAIL" | "NOT_APPLICABLE" };
  software: { name: string; version: string }[];
  measurements: Measurement[];
  series: Series[];
  diagnoses: Diagnosis[];
  /** What went wrong in the stage, not in the hardware. */
  errors: { symptom: string; message: string }[];
  files: { displayName: string; uri: string; contentType: string }[];
  absences: Absence[];
  extensions: { name: string; content: unknown }[];
  /** What could not be read, with line numbers. Empty for a sound record. */
  problems: string[];
}
