const UNITS = new Map([
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
]);

/** Milliseconds of `250ms`, `1.5s`, `5m`, `2h`, `1d` or `0`. Throws `Error("expected …")`. */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
  const size = UNITS.get(unit);
  if (size === undefined) throw new Error("expected a duration, such as 250ms, 30s, 5m or 2h");
  return Math.round(Number(amount) * size);
}

/** The shortest way to write so many whole milliseconds that `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  const [unit, size] = [...UNITS].find(([, each]) => ms % each === 0) ?? ["ms", 1];
  return ms === 0 ? "0" : `${ms / size}${unit}`;
}
