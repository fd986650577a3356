import { writeFile } from "node:fs/promises";
import { type Capture, parseSmartScan, readSmart, serialOf, type SmartScan } from "@groundcrew/vetting";
import { runTool } from "../tool.ts";

/** A drive that hangs on one command is reset by the kernel after 30 s, and `-x` sends several. */
const ANSWER_MS = 120_000;

/** A drive that smartctl can talk to. */
export interface Drive {
  /** Its device, such as `/dev/nvme0`. */
  path: string;
  /** For `smartctl --device`. */
  type: string;
  protocol: string;
  /** `disk SERIAL`, or `disk sda` where it tells none, and the path too where another drive tells the same. */
  name: string;
  /** In the names of its files: one of the stage's own. */
  file: string;
}

/** What a drive told at one moment. */
export interface DriveReading {
  drive: Drive;
  capture: Capture;
  /** smartctl's whole output, also as this file in the evidence folder. */
  text: string;
  fileName: string;
}

/** Looks for drives. Answers why there is no list when smartctl cannot tell. */
export async function scanDrives(signal: AbortSignal): Promise<SmartScan | { why: string }> {
  const output = await runTool("smartctl", ["--json=c", "--scan-open"], signal, ANSWER_MS);
  const scan = parseSmartScan(output.stdout);
  return scan ?? { why: output.failure ?? "smartctl does not list drives as JSON; version 7 or newer is needed" };
}

/** Reads all that a drive tells, keeping it as a file. `when` is in the file's name. Throws only when the signal aborts. */
export async function readDrive(drive: Drive, when: string, signal: AbortSignal): Promise<DriveReading> {
  const { path, type, file } = drive;
  const output = await runTool("smartctl", ["--json=c", "-x", "--device", type, path], signal, ANSWER_MS);
  const fileName = `smart-${when}-${file}.json`;
  await writeFile(fileName, output.stdout);
  const capture = readSmart(output.stdout);
  if (output.stdout === "" && output.failure !== undefined) capture.problems.splice(0, 1, output.failure);
  return { drive, capture, text: output.stdout, fileName };
}

/** Gives each drive the name by which reports know it: two that tell the same name are told apart by their paths. */
export function nameDrives(readings: readonly DriveReading[]): void {
  const names = readings.map(({ text, drive }) => {
    const serial = serialOf(text);
    return `disk ${serial === undefined ? drive.path.replace("/dev/", "") : serial.slice(0, 100)}`;
  });
  for (const [n, { drive }] of readings.entries()) {
    const name = names[n] ?? drive.path;
    drive.name = names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} at ${drive.path} (${drive.type})`;
  }
}

/** True when a drive told what a verdict on it needs. */
export function isJudged({ capture }: DriveReading): boolean {
  return capture.problems.length === 0 && capture.measurements.some(({ name }) => name === "smart.health_passed");
}

/** A drive of a scan, with its path for a name until it was read. */
export function driveOf({ path, type, protocol }: SmartScan["drives"][number], number: number): Drive {
  const stem = path.replace(/^\/dev\//, "").replaceAll(/[^A-Za-z0-9]+/g, "-");
  return { path, type, protocol, name: path, file: `${number}-${stem}` };
}
