/** Throughput at one moment of a write. */
export interface ThroughputSample {
  /** Since the write began, in milliseconds. */
  atMs: number;
  bytesPerSecond: number;
}

/** What a drive's cache does to a long write. Throughput in bytes a second. */
export interface CacheCliff {
  /** The median before the knee, or of the whole write when there is none. */
  before: number;
  /** The median after the knee. Equal to `before` when there is none. */
  after: number;
  /** What was written until the knee. Absent: there is none. */
  cacheBytes?: number;
}

/** The window that must be slower than the first plateau; long enough that garbage collection alone makes no knee. */
const WINDOW_MS = 5000;
/** A window below this share of the first plateau is the knee. Ours: SLC caches fall to a half or less. */
const KNEE_SHARE = 0.6;
/** Shorter writes have no plateau to compare with. */
const SHORTEST_MS = 3 * WINDOW_MS;

/**
 * Finds where a drive's fast cache ends in a long sequential write: the first 5 s whose median is below 60 % of the
 * first 5 s'. Undefined for a write of less than 15 s, which is too short to tell.
 */
export function findCliff(samples: readonly ThroughputSample[]): CacheCliff | undefined {
  const endMs = samples.at(-1)?.atMs ?? 0;
  const plateau = median(within(samples, 0, WINDOW_MS));
  if (endMs < SHORTEST_MS || plateau === undefined) return undefined;
  const knee = samples.find(({ atMs }) => {
    const next = median(within(samples, atMs, atMs + WINDOW_MS));
    return atMs + WINDOW_MS <= endMs && next !== undefined && next < plateau * KNEE_SHARE;
  });
  const all = median(samples) ?? 0;
  if (!knee) return { before: all, after: all };
  return {
    before: median(within(samples, 0, knee.atMs)) ?? plateau,
    after: median(within(samples, knee.atMs, Infinity)) ?? 0,
    cacheBytes: bytesUntil(samples, knee.atMs),
  };
}

/**
 * Reads a bandwidth log of fio (`--write_bw_log`, one job): lines of time in ms, KiB/s, direction, block size and more.
 * Lines that are not of the direction or not of the form, as a killed fio leaves its last one, are left out.
 */
export function parseBandwidthLog(text: string, direction: "read" | "write"): ThroughputSample[] {
  const wanted = direction === "read" ? "0" : "1";
  return [...text.matchAll(/^(\d{1,12}), (\d{1,12}), ([012]), /gm)].flatMap(([, atMs, kib, which]) =>
    which === wanted ? [{ atMs: Number(atMs), bytesPerSecond: Number(kib) * 1024 }] : [],
  );
}

function within(samples: readonly ThroughputSample[], fromMs: number, toMs: number): ThroughputSample[] {
  return samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
}

function median(samples: readonly ThroughputSample[]): number | undefined {
  const sorted = samples.map(({ bytesPerSecond }) => bytesPerSecond).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function bytesUntil(samples: readonly ThroughputSample[], untilMs: number): number {
  let bytes = 0;
  let before = 0;
  for (const { atMs, bytesPerSecond } of within(samples, 0, untilMs)) {
    bytes += (bytesPerSecond * (atMs - before)) / 1000;
    before = atMs;
  }
  return Math.round(bytes);
}
