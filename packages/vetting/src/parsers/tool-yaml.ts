import { parse } from "yaml";

/** A tool's YAML, or undefined for text that is none or has more than `maxLength` UTF-16 units. */
export function parseYaml(text: string, maxLength: number): unknown {
  try {
    return text.length > maxLength ? undefined : parse(text, { logLevel: "silent" });
  } catch {
    return undefined;
  }
}

/** The value as a number that can be counted or timed: finite, and not below 0. Undefined for anything else. */
export function asAmount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
