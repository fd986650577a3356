import type { StorageParameters } from "@groundcrew/vetting";

/** One run of fio on one target. */
export interface Phase {
  name: "sequential" | "random" | "verify" | "cliff";
  /** How long it works, in milliseconds. Absent: until it has written and read all. */
  runMs?: number;
  /** What must be written, and read back, in bytes. */
  verifyBytes?: number;
  /** Of fio, beside what every phase has. */
  args: string[];
}

/** How often fio notes the throughput of a write, in milliseconds. */
const LOG_STEP_MS = 500;

/** What only reads. `--readonly` makes fio itself refuse to write. */
export function readPhases({ seconds }: StorageParameters): Phase[] {
  const timed = ["--readonly", "--time_based", `--runtime=${seconds}`];
  return [
    { name: "sequential", runMs: seconds * 1000, args: [...timed, "--rw=read", "--bs=1M"] },
    { name: "random", runMs: seconds * 1000, args: [...timed, "--rw=randread", "--bs=4k", "--norandommap"] },
  ];
}

/** What destroys data: writes with checksums, all read back, and a long write that shows where the cache ends. */
export function writePhases(parameters: StorageParameters, targetBytes: number): Phase[] {
  const { checksum, cliff_seconds: cliffSeconds, verify_size: wanted } = parameters;
  const bytes = wanted === "all" ? targetBytes : Math.min(wanted, targetBytes);
  const verify = ["--rw=write", "--bs=1M", `--size=${bytes}`, `--verify=${checksum}`, "--do_verify=1"];
  // Goes on after a wrong block, so that all are counted; fio then exits with 0.
  const counted = ["--verify_fatal=0", "--continue_on_error=verify", "--verify_state_save=0"];
  const cliff = ["--rw=write", "--bs=1M", "--time_based", `--runtime=${cliffSeconds}`, "--refill_buffers"];
  const logged = ["--write_bw_log=cliff", `--log_avg_msec=${LOG_STEP_MS}`];
  return [
    { name: "verify", verifyBytes: bytes, args: [...verify, ...counted] },
    ...(cliffSeconds === 0
      ? []
      : [{ name: "cliff" as const, runMs: cliffSeconds * 1000, args: [...cliff, ...logged] }]),
  ];
}
