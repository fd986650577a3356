import { ipmiOf } from "@groundcrew/vetting";
import { delay } from "@groundcrew/rpc";
import type { Notebook } from "../inventory/notebook.ts";
import { readCount, readNames, readText } from "../sysfs.ts";
import { runTool } from "../tool.ts";

const FOLDER = "/sys/class/hwmon";
/** Power supplies and the meters before them; a CPU's or a drive's own power is not the machine's. */
const METERS = /psu|power_meter|pmbus|acpi_power|ina2\d\d|corsair/i;
/** A management controller averages over about a second. */
const EVERY_MS = 2000;

/** Watts that the machine draws. Undefined: nothing here measures them. */
export async function readWatts(signal: AbortSignal): Promise<number | undefined> {
  const { stdout } = await runTool("ipmitool", ["dcmi", "power", "reading"], signal);
  const watts = ipmiOf(stdout).watts;
  return watts !== undefined && watts > 0 ? watts : hwmonWatts();
}

/** Reads power until the time is over: the median, since one reading may be of a moment. Keeps every reading. */
export async function watchWatts(notes: Notebook, file: string, seconds: number): Promise<number | undefined> {
  const readings: { at: string; watts: number }[] = [];
  const end = performance.now() + seconds * 1000;
  // Not at once: at the start, a reading still tells of what was before.
  do {
    await delay(Math.max(0, Math.min(EVERY_MS, end - performance.now())), notes.signal);
    const watts = await readWatts(notes.signal);
    if (watts === undefined) return undefined;
    readings.push({ at: new Date().toISOString(), watts });
  } while (performance.now() < end);
  await notes.keep(file, `${JSON.stringify(readings, undefined, 2)}\n`);
  const sorted = readings.map(({ watts }) => watts).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

async function hwmonWatts(): Promise<number | undefined> {
  const chips = (await readNames(FOLDER)) ?? [];
  const readings = await Promise.all(chips.map((chip) => chipMicrowatts(`${FOLDER}/${chip}`)));
  const known = readings.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** What a supply takes in; with several inputs of one chip, the first is its mains. */
async function chipMicrowatts(folder: string): Promise<number | undefined> {
  if (!METERS.test((await readText(`${folder}/name`)) ?? "")) return undefined;
  return (await readCount(`${folder}/power1_average`)) ?? readCount(`${folder}/power1_input`);
}
