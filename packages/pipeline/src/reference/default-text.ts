import type { z } from "zod";

/** The default of a key as a file would say it; undefined where there is none, or it goes without saying. */
export function defaultText(value: z.ZodType): string | undefined {
  const given = value.safeParse(undefined).data;
  if (typeof given === "number") return numberText(given);
  return typeof given === "boolean" || (typeof given === "string" && given !== "") ? String(given) : undefined;
}

/** What is a thousand or more is milliseconds; each such default is whole minutes or seconds. */
function numberText(value: number): string {
  if (value < 1000) return String(value);
  return value % 60_000 === 0 ? `${value / 60_000}m` : `${value / 1000}s`;
}
