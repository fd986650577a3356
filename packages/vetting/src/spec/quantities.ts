import { z } from "zod";

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** A size in bytes: a number, or a text such as `960GB` (thousands) or `32GiB` (1024s). */
export const size = z
  .union([z.number(), z.string()])
  .transform((given) => (typeof given === "number" ? given : bytesOf(given)))
  .refine((bytes) => Number.isSafeInteger(bytes) && bytes > 0, 'expected a size such as "960GB" or "32GiB"');

function bytesOf(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,16}(?:\.\d{1,6})?) ?([A-Za-z]{1,3})$/.exec(text) ?? [];
  return Math.round(Number(number || NaN) * (SIZE_UNITS[unit] ?? NaN));
}

/** A share of 1, written in percent: `3%`. */
export const share = z
  .string()
  .regex(/^\d{1,2}(\.\d{1,3})?%$/, 'expected a share below 100%, such as "3%"')
  .transform((text) => Number(text.slice(0, -1)) / 100);

const SPEED_UNITS: Readonly<Record<string, number>> = { M: 1, G: 1000 };

/** A link's speed in megabits a second: `1000M`, `25G`. */
export const speed = z
  .string()
  .regex(/^\d{1,6}[MG]$/, 'expected a speed such as "1000M" or "25G"')
  .transform((text) => Number(text.slice(0, -1)) * (SPEED_UNITS[text.slice(-1)] ?? NaN));

/** A PCIe link: `16 GT/s x8`. Either part may be left out. */
export const link = z
  .string()
  .regex(/^(\d{1,3}(\.\d)? GT\/s)?( ?x\d{1,2})?$/, 'expected a PCIe link such as "16 GT/s x8"')
  .refine((text) => text !== "", 'expected a PCIe link such as "16 GT/s x8"')
  .transform((text) => parseLink(text) ?? {});

/** A PCIe link's speed, in gigatransfers a second, and its lanes. */
export interface Link {
  gtPerSecond?: number;
  lanes?: number;
}

/** Reads a link from a specification, or as sysfs tells it: `8.0 GT/s PCIe x4`. Undefined when it tells neither part. */
export function parseLink(text: string): Link | undefined {
  const gtPerSecond = /([\d.]+) GT\/s/.exec(text)?.[1];
  const lanes = /\bx(\d+)\b/.exec(text)?.[1];
  if (gtPerSecond === undefined && lanes === undefined) return undefined;
  return {
    ...(gtPerSecond !== undefined && { gtPerSecond: Number(gtPerSecond) }),
    ...(lanes !== undefined && { lanes: Number(lanes) }),
  };
}

/** A link as a specification writes it. */
export function linkText({ gtPerSecond, lanes }: Link): string {
  return [gtPerSecond === undefined ? "" : `${gtPerSecond} GT/s`, lanes === undefined ? "" : `x${lanes}`]
    .filter((part) => part !== "")
    .join(" ");
}

/** A size for people and for a specification with a tolerance: four digits, in thousands. */
export function roundSizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), units.length - 1);
  return `${Number((bytes / 1000 ** power).toPrecision(4))}${units[power] ?? "B"}`;
}

/** A size for people and for a specification: the largest unit that says it exactly. */
export function sizeText(bytes: number): string {
  const units = Object.entries(SIZE_UNITS).toSorted(([, a], [, b]) => b - a);
  const [unit = "B", factor = 1] = units.find(([, factor]) => bytes % factor === 0) ?? [];
  return `${bytes / factor}${unit}`;
}

/** A link's speed for people and for a specification. */
export function speedText(mbps: number): string {
  return mbps >= 10_000 && mbps % 1000 === 0 ? `${mbps / 1000}G` : `${mbps}M`;
}
