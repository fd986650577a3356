import type { Verdict } from "../verdict.ts";
import { html, type Html } from "./html.ts";

/** A moment in milliseconds since 1970, as `2026-11-21 17:43:02 UTC`. */
export function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The time of day of a moment, as `17:43:02`. */
export function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/** A length of time, as `14.2 s` or `3 min 5 s`. */
export function elapsed(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** An amount of memory, which is counted in powers of 1024: `23.5 GiB`. */
export function memorySize(bytes: number): string {
  return scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);
}

/** A drive's size, which is counted in powers of 1000: `275 GB`. */
export function driveSize(bytes: number): string {
  return scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"]);
}

/** A number with at most four significant digits after a thousands separator: `3,772`, `0.9987`. */
export function number(value: number): string {
  return new Intl.NumberFormat("en", { maximumSignificantDigits: Math.abs(value) >= 1000 ? 15 : 4 }).format(
    Math.abs(value) >= 1000 ? Math.round(value) : value,
  );
}

const LABELS: Readonly<Record<Verdict, string>> = {
  pass: "✓ pass",
  warn: "△ warn",
  fail: "✗ fail",
  error: "? error",
  skip: "– skip",
  canceled: "■ canceled",
  timed_out: "■ timed out",
};

/** A verdict as a mark and a word, never as a colour alone. */
export function badge(verdict: Verdict): Html {
  return html`<span class="verdict ${verdict}">${LABELS[verdict]}</span>`;
}

function scaled(amount: number, base: number, units: readonly string[]): string {
  let value = amount;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${units[unit] ?? ""}`;
}
