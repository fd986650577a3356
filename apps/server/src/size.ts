const UNITS: Record<string, number> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** Bytes of a size such as "500MiB". Throws an error that says what was expected. */
export function parseSize(given: string): number {
  const [, count = "", unit = ""] = /^([1-9]\d{0,5})(KiB|MiB|GiB|TiB)$/.exec(given) ?? [];
  const factor = UNITS[unit];
  if (factor === undefined) throw new Error("expected a number and KiB, MiB, GiB or TiB, such as 500MiB");
  return Number(count) * factor;
}
