import { LSBLK_COLUMNS, parseLsblk, type SmartScan, smartParameters } from "@groundcrew/vetting";
import { inParallel } from "./in-parallel.ts";
import { selfTestCommands } from "./smart/commands.ts";
import { driveOf, type DriveReading, nameDrives, readDrive, scanDrives } from "./smart/drive.ts";
import { DRIVES_AT_ONCE } from "./smart/growth.ts";
import { recordDrives, recordReading, recordSelfTests } from "./smart/record.ts";
import { runSelfTests } from "./smart/self-test.ts";
import { COMPLETE, ERROR, type Stage, type StageContext } from "./stage.ts";
import { dutInfoWith } from "./dut-info.ts";
import { runTool, versionOf } from "./tool.ts";

/**
 * Asks every drive what it knows of itself, lets it test itself, and asks again. Reads only; self-tests touch no data.
 * What each drive tells is judged, not smartctl's exit status.
 */
export const smart: Stage = async (context) => {
  const { ocp, program, signal, say } = context;
  const parameters = smartParameters(context.parameters);
  const tool = await versionOf("smartctl", signal);
  ocp.start({ ...program, parameters, dutInfo: dutInfoWith("smartctl", tool) });
  const scan = "failure" in tool ? { why: tool.failure } : await scanDrives(signal);
  if ("why" in scan) {
    ocp.error("failure" in tool && tool.missing ? "tool-missing" : "tool-failed", scan.why);
    say(scan.why);
    return ERROR;
  }
  const before = await readAll(context, scan);
  await tellUncovered(context, scan);
  if (parameters.self_tests.length === 0) {
    for (const reading of before) recordReading(ocp, reading);
    recordDrives(ocp, before, before);
    return COMPLETE;
  }
  const after = await inParallel(before, before.length, (reading) => testAndRead(context, scan, reading));
  for (const [n, reading] of after.entries()) recordReading(ocp, reading, before[n]?.capture);
  recordDrives(ocp, before, after);
  return COMPLETE;
};

async function readAll({ signal, say, ocp }: StageContext, scan: SmartScan): Promise<DriveReading[]> {
  const drives = scan.drives.map(driveOf);
  say(drives.length === 0 ? "smartctl finds no drive" : `reading ${drives.length} drives`);
  const readings = await inParallel(drives, DRIVES_AT_ONCE, (drive) => readDrive(drive, "before", signal));
  nameDrives(readings);
  for (const { drive, capture, fileName } of readings) {
    ocp.file(fileName, "application/json");
    for (const note of [...capture.problems, ...capture.notes]) say(`${drive.name} (${drive.path}): ${note}`);
  }
  return readings;
}

/** Lets one drive test itself, and reads it again. */
async function testAndRead(context: StageContext, scan: SmartScan, { drive }: DriveReading): Promise<DriveReading> {
  const { ocp, signal, say } = context;
  const { self_tests: tests, poll_seconds } = smartParameters(context.parameters);
  const commands = selfTestCommands(drive, scan.version);
  const result = await runSelfTests({ drive, commands, tests, pollMs: poll_seconds * 1000, signal, say });
  recordSelfTests(ocp, drive, result);
  const reading = await readDrive(drive, "after", signal);
  ocp.file(reading.fileName, "application/json");
  return reading;
}

/** Tells of drives that the kernel has and smartctl cannot ask: a pass says nothing about them. */
async function tellUncovered({ ocp, signal, say }: StageContext, scan: SmartScan): Promise<void> {
  const output = await runTool("lsblk", ["-J", "-b", "-o", LSBLK_COLUMNS], signal);
  const asked = scan.drives.map(({ path }) => path);
  const disks = (parseLsblk(output.stdout) ?? []).map(({ name }) => `/dev/${name}`);
  // An NVMe drive is asked by its controller: /dev/nvme0 for /dev/nvme0n1.
  const controllerOf = (disk: string) => /^\/dev\/nvme\d+(?=n\d+$)/.exec(disk)?.[0];
  const silent = disks.filter((disk) => !asked.some((path) => path === disk || path === controllerOf(disk)));
  const closed = new Map(scan.closed.map(({ path, why }) => [path, why]));
  for (const path of new Set([...silent, ...closed.keys()])) {
    const why = closed.get(path) ?? "smartctl does not find it: it tells no SMART, or hides behind a controller";
    ocp.absent({ what: path, why, metrics: [] });
    say(`not asked: ${path}: ${why}`);
  }
}
