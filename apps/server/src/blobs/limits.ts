/** The largest file of evidence, in bytes: four times the evidence that one stage may write. */
export const MAX_BLOB_BYTES = 256 * 1024 * 1024;

/** The largest part of a file in one message, in bytes. */
export const MAX_PART_BYTES = 1024 * 1024;

/** The largest artifact or cache, compressed, in bytes. */
export const MAX_ARCHIVE_BYTES = 4 * 1024 ** 3;
