import { z } from "zod";
import { SELF_TESTS } from "./parsers/self-test.ts";
import type { AgentStageName } from "./stages.ts";

const cpuStress = z.strictObject({
  /** How many times stress-ng is run. Short segments show throttling as lost throughput. */
  segments: z.int().min(1).max(10_000).default(3),
  /** How long each run lasts. */
  segment_seconds: z.int().min(1).max(3600).default(4),
  /** stress-ng's `--cpu-method`. */
  method: z
    .string()
    .regex(/^[a-z0-9]+$/, "expected the name of a stress-ng CPU method, such as all or fft")
    .default("all"),
});

/** The parameters of `cpu_stress`, complete. */
export type CpuStressParameters = z.infer<typeof cpuStress>;

const smart = z.strictObject({
  /** The self-tests that every drive runs by itself, all drives at once, one test after another. */
  self_tests: z.array(z.enum(SELF_TESTS)).max(SELF_TESTS.length).default(["short"]),
  /** How often a drive is asked how far its self-test is. */
  poll_seconds: z.number().min(0.01).max(600).default(10),
});

/** The parameters of `smart`, complete. */
export type SmartParameters = z.infer<typeof smart>;

const memory = z.strictObject({
  /** Of all memory, how much is to be tested. What is free, without the reserve, may be less. */
  share: z.number().gt(0).max(1).default(0.9),
  /** What is left to the rest of the system, in MiB. */
  reserve_mib: z.int().min(64).max(1_048_576).default(512),
  /** How long. */
  seconds: z.int().min(1).max(604_800).default(90),
  /** stressapptest's `-C`: threads that only compute, besides one a CPU that copies. */
  cpu_threads: z.int().min(0).max(4096).default(0),
  /** stressapptest's `--pause_delay`: the seconds between pauses, after which power surges. Absent: its own, 600. */
  pause_delay_seconds: z.int().min(1).max(86_400).optional(),
  /** What may test where stressapptest is not installed. It finds less. */
  alternative: z.enum(["none", "stress-ng"]).default("none"),
});

/** The parameters of `memory`, complete. */
export type MemoryParameters = z.infer<typeof memory>;

/** What hardware of a kind a machine has: `any` some, `none` (none is a declared skip), or at least so many. */
const expect = z.union([z.enum(["any", "none"]), z.int().min(1).max(256)]).default("any");

const gpu = z.strictObject({
  expect,
  /** The level of `dcgmi diag`, where it is installed: 1 seconds, 2 two minutes, 3 a quarter of an hour, 4 hours; 0: none. */
  dcgm_level: z.int().min(0).max(4).default(1),
});

/** The parameters of `gpu`, complete. */
export type GpuParameters = z.infer<typeof gpu>;

const psu = z.strictObject({
  expect,
  /** How long power is read while the machine does nothing, and while all its CPUs work. */
  idle_seconds: z.int().min(1).max(3600).default(15),
  load_seconds: z.int().min(1).max(3600).default(15),
});

/** The parameters of `psu`, complete. */
export type PsuParameters = z.infer<typeof psu>;

const firmware = z.strictObject({
  /** The versions that each component may have, besides those of the machine's specification. */
  allow: z.record(z.string().min(1).max(128), z.array(z.string().min(1).max(128)).min(1).max(256)).default({}),
});

/** The parameters of `firmware`, complete. */
export type FirmwareParameters = z.infer<typeof firmware>;
const SIZE_UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** In bytes once read; what was read is taken again, because a run keeps its profile as read. */
const size = z
  .union(
    [
      z.int(),
      z
        .string()
        .regex(/^[1-9]\d{0,5}(KiB|MiB|GiB|TiB)$/)
        .transform(bytesOf),
    ],
    {
      error: "expected a size such as 256MiB or 4GiB",
    },
  )
  .refine((bytes) => bytes >= 2 ** 20, "expected at least 1MiB");

function bytesOf(text: string): number {
  return Number.parseInt(text, 10) * (SIZE_UNITS[text.replace(/\d+/, "")] ?? 0);
}

const scratchFile = z.strictObject({
  /** A path that does not exist yet. Relative: in the run's folder for temporary files. */
  file: z.string().min(1).max(4096),
  size,
});

const storage = z.strictObject({
  /** Files to test instead of drives, each made new and removed at the end. Default: every drive of the machine. */
  targets: z.array(scratchFile).min(1).max(64).optional(),
  /** What to test when the machine shows no drive that the agent may open, such as a virtual machine. */
  fallback: scratchFile.optional(),
  /** How long each of the two reads of a target takes: sequential, and at random. */
  seconds: z.int().min(1).max(86_400).default(10),
  /** How many targets are tested side by side. */
  parallel: z.int().min(1).max(256).default(4),
  /** Past the page cache. False only for file systems that cannot. */
  direct: z.boolean().default(true),
  /** How much of a drive whose data may be destroyed is written and read back: a size, or `all`. */
  verify_size: z
    .union([z.literal("all"), size], { error: "expected all, or a size such as 256MiB or 4GiB" })
    .default(2 ** 30),
  /** How the data that is written is known again. */
  checksum: z.enum(["crc32c", "xxhash"]).default("crc32c"),
  /** How long such a drive, and a file, is written to for finding the end of its cache. 0: not at all. */
  cliff_seconds: z.int().min(0).max(3600).default(0),
});

/** The parameters of `storage`, complete. Sizes in bytes. */
export type StorageParameters = z.infer<typeof storage>;

const network = z.strictObject({
  /** How long each way is measured. */
  seconds: z.int().min(1).max(86_400).default(10),
  /** What is left out at the start, while TCP finds its rate; in addition to `seconds`. */
  omit_seconds: z.int().min(0).max(60).default(1),
  /** Connections side by side. Above 10 Gbit/s one core cannot fill a link. */
  streams: z.int().min(1).max(128).default(1),
  /** How often both ways are measured. */
  rounds: z.int().min(1).max(1000).default(1),
  /** How long a reflector that is busy or does not answer is asked again. */
  wait_seconds: z.int().min(0).max(3600).default(10),
  /** Also sends UDP at this rate, in bits a second, and measures what is lost. 0: not. */
  udp_bits_per_second: z
    .int()
    .min(0)
    .max(10 ** 12)
    .default(0),
});

/** The parameters of `network`, complete. */
export type NetworkParameters = z.infer<typeof network>;

/** The schema of each stage's parameters. A stage without one takes what the profile gives it. */
export const PARAMETERS: Partial<Record<AgentStageName, z.ZodType<Record<string, unknown>>>> = {
  inventory: z.strictObject({}),
  smart,
  cpu_stress: cpuStress,
  memory,
  storage,
  network,
  gpu,
  psu,
  firmware,
};

/** Fills the defaults of `cpu_stress`' parameters: 3 segments of 4 s, every method. Throws on anything else than them. */
export function cpuStressParameters(parameters: unknown): CpuStressParameters {
  return cpuStress.parse(parameters);
}

/** Fills the defaults of `smart`'s parameters: the short self-test, asked every 10 s. Throws on anything else than them. */
export function smartParameters(parameters: unknown): SmartParameters {
  return smart.parse(parameters);
}

/** Fills the defaults of `memory`'s parameters: 90 % for 90 s, 512 MiB left alone. Throws on anything else than them. */
export function memoryParameters(parameters: unknown): MemoryParameters {
  return memory.parse(parameters);
}

/** Fills the defaults of `gpu`'s parameters: some GPU, DCGM's level 1. Throws on anything else than them. */
export function gpuParameters(parameters: unknown): GpuParameters {
  return gpu.parse(parameters);
}

/** Fills the defaults of `psu`'s parameters: some supply, 15 s idle, 15 s loaded. Throws on anything else than them. */
export function psuParameters(parameters: unknown): PsuParameters {
  return psu.parse(parameters);
}

/** Fills the defaults of `firmware`'s parameters: no list of its own. Throws on anything else than them. */
export function firmwareParameters(parameters: unknown): FirmwareParameters {
  return firmware.parse(parameters);
}

/** Fills the defaults of `storage`' parameters: every drive, read for 10 s each way, four at a time. Throws otherwise. */
export function storageParameters(parameters: unknown): StorageParameters {
  return storage.parse(parameters);
}

/** Fills the defaults of `network`' parameters: 10 s each way, one connection, no UDP. Throws on anything else. */
export function networkParameters(parameters: unknown): NetworkParameters {
  return network.parse(parameters);
}
