import { type MemoryParameters, parseMemAvailable, parseMemTotal } from "@groundcrew/vetting";
import { readText } from "../sysfs.ts";

const MEBIBYTE = 1024 * 1024;

/** How much memory to test. */
export interface Amount {
  totalBytes: number;
  /** Whole MiB. */
  mebibytes: number;
}

/** The share that the profile wants, or what is free without the reserve if that is less. Throws when nothing is left. */
export async function amountToTest({ share, reserve_mib }: MemoryParameters): Promise<Amount> {
  const text = (await readText("/proc/meminfo")) ?? "";
  const [totalBytes, availableBytes] = [parseMemTotal(text), parseMemAvailable(text)];
  if (totalBytes === undefined || availableBytes === undefined)
    throw new Error("/proc/meminfo does not tell the memory");
  const free = availableBytes / MEBIBYTE - reserve_mib;
  const mebibytes = Math.floor(Math.min((share * totalBytes) / MEBIBYTE, free));
  if (mebibytes >= 1) return { totalBytes, mebibytes };
  const available = Math.floor(availableBytes / MEBIBYTE);
  throw new Error(`${available} MiB of memory are free and reserve_mib is ${reserve_mib}: nothing is left to test`);
}
