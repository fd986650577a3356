/** The largest file, in bytes: four times the evidence that one stage may write. */
export const MAX_BLOB_BYTES = 256 * 1024 * 1024;

/** The largest part of a file in one message, in bytes. */
export const MAX_PART_BYTES = 1024 * 1024;
