import type { FileHandle } from "node:fs/promises";
import type { BlockDevice } from "./block-devices.ts";

/** What is tested: a drive or a file, open. */
export interface Target {
  handle: FileHandle;
  /** How the record names it, such as `disk S123`. */
  part: string;
  /** For people. */
  title: string;
  /** Begins the names of its files. */
  prefix: string;
  sizeBytes: number;
  /** True: its data may be destroyed: a file of our own, or a drive that passed every gate. */
  writable: boolean;
  /** Absent: a file. */
  drive?: { device: BlockDevice; model: string; rotational: boolean };
}
