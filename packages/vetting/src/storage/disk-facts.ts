/** What a machine says of one block device, read at one moment. */
export interface DiskFacts {
  /** The kernel's name of it, such as `nvme0n1`. Two moments may give one name to two drives. */
  name: string;
  /** Blank: it tells none. */
  serial: string;
  /** The identity that the maker gave it, worldwide: WWN, EUI-64 or NVMe's own. Blank: it tells none. */
  wwn: string;
  model: string;
  sizeBytes: number;
  rotational: boolean;
  readOnly: boolean;
  /** Why it counts as not attached to this machine itself. Absent: it is. */
  remote?: string;
  /** Where it, a part of it or something that is built on it is mounted. */
  mounts: string[];
  /** Which parts of it the kernel swaps to. */
  swaps: string[];
  /** What is built on it or on a part of it: device mapper, RAID, bcache. */
  holders: string[];
  /** True: the running system was started from it, as far as can be told. */
  boot: boolean;
  /** Its partitions, by the kernel's names. */
  partitions: string[];
  /** What stands on it, such as `ext4` or `gpt`. Absent: could not be read. */
  signatures?: string[];
}

/** True for two readings of one and the same drive. */
export function isSameDisk(one: DiskFacts, other: DiskFacts): boolean {
  return one.serial === other.serial && one.wwn === other.wwn && one.sizeBytes === other.sizeBytes;
}
