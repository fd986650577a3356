import { closeSync, constants, openSync, readSync } from "node:fs";
import { type KernelMessage, parseKernelMessages } from "@groundcrew/vetting";
import { systemPath } from "./sysfs.ts";

/** One record of the kernel's is never longer. */
const RECORD_MAX_BYTES = 8192;

/** What the kernel said since a moment, or why that is not known. */
export type KernelLog = { messages: KernelMessage[] } | { unknown: string };

/** Where the kernel's messages end now; undefined: they cannot be read. */
export function kernelLogEnd(): number | undefined {
  const all = readAll();
  return "messages" in all ? (all.messages.at(-1)?.sequence ?? -1) : undefined;
}

/** The messages after that place. Told as unknown when some were overwritten meanwhile: the one that counts may be lost. */
export function kernelLogSince(end: number | undefined): KernelLog {
  if (end === undefined) return { unknown: "/dev/kmsg cannot be read" };
  const all = readAll();
  if ("unknown" in all) return all;
  const [first] = all.messages;
  if (first !== undefined && first.sequence > end + 1) {
    return { unknown: "the kernel wrote more than it keeps, so some of it is lost" };
  }
  return { messages: all.messages.filter(({ sequence }) => sequence > end) };
}

/** Everything that the kernel still has. Each read gives one record. */
function readAll(): KernelLog {
  let fd: number | undefined;
  try {
    fd = openSync(systemPath("/dev/kmsg"), constants.O_RDONLY | constants.O_NONBLOCK);
    return { messages: parseKernelMessages(readRecords(fd)) };
  } catch (error) {
    return { unknown: error instanceof Error ? error.message : String(error) };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function readRecords(fd: number): string {
  const buffer = Buffer.alloc(RECORD_MAX_BYTES);
  let text = "";
  for (;;) {
    try {
      const bytes = readSync(fd, buffer);
      if (bytes === 0) return text;
      text += `${buffer.toString("utf8", 0, bytes)}\n`;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EAGAIN") return text;
      // The record was overwritten while it was read; the next read goes on at the oldest there is.
      if (code !== "EPIPE") throw error;
    }
  }
}
