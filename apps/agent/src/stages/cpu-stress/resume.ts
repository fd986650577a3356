import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { CpuStressParameters } from "@groundcrew/vetting";
import type { CounterReading } from "./counters.ts";
import type { Segment } from "./segment.ts";

/** How the stage began, in its folder: what a later try of it must have in common to go on after it. */
const BEGINNING = "cpu-stress-beginning.json";

/** What an earlier try of the stage left that was cut short. */
export interface Earlier {
  /** What the machine had counted before the first segment of all. */
  counters: CounterReading;
  /** Its segments from the first to the last that was measured, their files copied to this try's folder. */
  segments: Segment[];
}

/** Keeps what a later try must know from the beginning. */
export async function keepBeginning(parameters: CpuStressParameters, counters: CounterReading): Promise<void> {
  await writeFile(BEGINNING, JSON.stringify({ parameters, counters: [...counters] }));
}

/** Keeps a segment that was measured. One that was not is done again. */
export async function keepSegment(number: number, segment: Segment): Promise<void> {
  if (segment.metrics === undefined) return;
  const name = `segment-${number}.json`;
  segment.files.push({ name, contentType: "application/json" });
  await writeFile(name, JSON.stringify(segment));
}

/** Takes over what an earlier try with the same parameters left. Undefined: nothing that can be gone on after. */
export async function readEarlier(folder: string, parameters: CpuStressParameters): Promise<Earlier | undefined> {
  const beginning = (await readJson(join(folder, BEGINNING))) as { parameters: unknown; counters: unknown } | undefined;
  if (!isDeepStrictEqual(beginning?.parameters, parameters) || !Array.isArray(beginning?.counters)) return undefined;
  const segments: Segment[] = [];
  for (let number = 1; number <= parameters.segments; number += 1) {
    const segment = (await readJson(join(folder, `segment-${number}.json`))) as Segment | undefined;
    if (segment?.metrics === undefined) break;
    await Promise.all(segment.files.map(({ name }) => copyFile(join(folder, name), name)));
    segments.push(segment);
  }
  return { counters: new Map(beginning.counters as [string, number | undefined][]), segments };
}

// Written whole or not at all is not promised: the try may have died in the middle of it.
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}
