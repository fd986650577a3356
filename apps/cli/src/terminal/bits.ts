const UNITS: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** A rate such as `25G`, `1000M` or `2.5G`, in bits a second. Undefined for anything else, and for none. */
export function parseBits(text: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)([KMGT])$/i.exec(text) ?? [];
  const bits = Math.round(Number(digits) * (UNITS[unit.toUpperCase()] ?? 0));
  return bits > 0 ? bits : undefined;
}

/** A rate in bits a second, such as `25 Gbit/s`; `0` is a capacity that nobody declared. */
export function formatBits(bits: string): string {
  const rate = Number(bits);
  if (rate === 0) return "capacity not declared";
  return rate >= 1e9 ? `${rate / 1e9} Gbit/s` : `${rate / 1e6} Mbit/s`;
}
