const UNITS = ["KiB", "MiB", "GiB", "TiB"];

/** Writes a size for people, two or three figures of it: `512 B`, `1.4 MiB`, `23 GiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length);
  const value = bytes / 1024 ** power;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[power - 1]}`;
}
