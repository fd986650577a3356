/** What a test of a link met besides the link. */
export interface LinkLimits {
  bitsPerSecond: number;
  /** What the reflector promises to this test, in bits a second. Absent: it does not say. */
  capacityBitsPerSecond?: number | undefined;
  reflectorCpuPercent?: number | undefined;
  ownCpuPercent?: number | undefined;
  /** On how many cores iperf3 can spread its work: one before version 3.16, one for each stream since. */
  cores: number;
}

/** A result from here on, as a share of what the reflector promises, may be all that the reflector had to give. */
const CAPACITY_SHARE = 0.9;
/** Checkbox (Canonical) takes a result with a busier CPU for one of the CPU, not of the link. */
const BUSY_PERCENT = 90;

/**
 * What may have kept the result down besides the link and its card; none: it is the link's own. Nothing of it makes a
 * result that is good enough worse.
 */
export function limitsOf(limits: LinkLimits): string[] {
  const { bitsPerSecond, capacityBitsPerSecond, reflectorCpuPercent = 0, ownCpuPercent = 0, cores } = limits;
  const most = BUSY_PERCENT * cores;
  const atCapacity = capacityBitsPerSecond !== undefined && bitsPerSecond >= capacityBitsPerSecond * CAPACITY_SHARE;
  return [
    ...(atCapacity ? [`the reflector promises no more than ${gigabits(capacityBitsPerSecond)} Gbit/s`] : []),
    ...(reflectorCpuPercent >= most
      ? [`the reflector's CPU was ${Math.round(reflectorCpuPercent)} % busy with it`]
      : []),
    ...(ownCpuPercent >= most
      ? [`this machine's CPU was ${Math.round(ownCpuPercent)} % busy with it; try more streams`]
      : []),
  ];
}

function gigabits(bits: number): string {
  return (bits / 1e9).toFixed(1);
}
