import type { KernelMessage } from "./kmsg.ts";

/**
 * Xids that speak about the GPU or its memory, by NVIDIA's "XID Errors": 46 and 109 it hangs, 48 and 92 to 95 memory
 * errors, 61, 62, 119 and 120 its own controllers, 63 and 64 pages and rows, 74 NVLink, 79 it fell off the bus. Others,
 * such as 13, 31, 43 and 45, are mostly of the program that ran.
 */
const HARDWARE = new Set([46, 48, 61, 62, 64, 74, 79, 92, 94, 95, 109, 119, 120, 140, 143]);

/** How many Xids the kernel told of. */
export interface XidCounts {
  hardware: number;
  other: number;
  /** The lines, for people. */
  lines: string[];
}

/** Counts NVIDIA's Xids in messages of the kernel: `NVRM: Xid (PCI:0000:41:00): 79, pid=…, GPU has fallen off the bus.` */
export function xidsOf(messages: readonly KernelMessage[]): XidCounts {
  const found = messages.flatMap(({ text }) => {
    const number = /\bNVRM: Xid \([^)]*\): (\d{1,4})\b/.exec(text)?.[1];
    return number === undefined ? [] : [{ number: Number(number), text }];
  });
  const hardware = found.filter(({ number }) => HARDWARE.has(number)).length;
  return { hardware, other: found.length - hardware, lines: found.map(({ text }) => text) };
}
