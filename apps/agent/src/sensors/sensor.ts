import type { SensorKind, SensorSample } from "@groundcrew/vetting";
import { readText } from "../stages/sysfs.ts";

/** A file of the kernel's with a number in it that changes. */
export interface Sensor {
  kind: SensorKind;
  key: string;
  unit: string;
  /** Several are added up, or the greatest is taken, as `of` says. */
  paths: readonly string[];
  of: "sum" | "greatest";
  /** How many of the kernel's make one of the unit. */
  per: number;
}

/**
 * No sensor is at absolute zero, which is what a virtual drive tells, nor at thousands of degrees, which is what one
 * tells that has no limit to tell.
 */
const TEMPERATURE = { above: -273, below: 1000 };
/** The longest key that the server takes. */
const KEY_MAX = 256;

/** Reads a sensor. Undefined: it tells nothing now, or nothing that can be. Never 0 for that. */
export async function readSensor({ kind, key, unit, ...sensor }: Sensor, root: string) {
  const texts = await Promise.all(sensor.paths.map((path) => readText(path, root)));
  const numbers = texts.flatMap((text) => (text !== undefined && /^-?\d{1,18}$/.test(text) ? [Number(text)] : []));
  if (numbers.length === 0) return undefined;
  const raw = sensor.of === "sum" ? numbers.reduce((sum, number) => sum + number, 0) : Math.max(...numbers);
  const value = raw / sensor.per;
  const odd = kind === "temperature" && (value <= TEMPERATURE.above || value >= TEMPERATURE.below);
  return odd ? undefined : ({ kind, key: key.slice(0, KEY_MAX), unit, value } satisfies Omit<SensorSample, "atMs">);
}
