/** How much one archive may hold. */
export interface ArchiveLimits {
  /** Files, folders and links. */
  maxEntries: number;
  /** Bytes of all files together, before they are compressed. */
  maxBytes: number;
}

/** Far above what builds keep, far below what fills a disk unnoticed: 200,000 entries, 10 GiB. */
export const DEFAULT_LIMITS: ArchiveLimits = { maxEntries: 200_000, maxBytes: 10 * 1024 ** 3 };
