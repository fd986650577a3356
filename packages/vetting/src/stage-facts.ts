import { z } from "zod";

const reflector = z.object({
  /** Where iperf3 listens. */
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  /** What its own link carries, in bits a second. Absent: not declared. */
  capacityBitsPerSecond: z.number().positive().optional(),
});

const facts = z.object({
  /** The vetting run's id. */
  runId: z.string().default(""),
  /** When the run was claimed, ISO 8601 by the database's clock. */
  startedAt: z.string().optional(),
  /** The specification of the machine, as `parseSpec` of this package made it. Absent: the run has none. */
  spec: z.unknown().optional(),
  /** The partner that is leased to this run of the network stage. Absent: none was free or declared. */
  reflector: reflector.optional(),
  /** Why there is no reflector, for people. */
  reflectorAbsent: z.string().optional(),
});

/** What the server knows of a run that a stage may need. Travels as JSON. */
export type StageFacts = z.infer<typeof facts>;
/** A partner for the network stage. */
export type Reflector = z.infer<typeof reflector>;

const overrides = z.object({
  /** Serials of the disks whose data may be destroyed. */
  destroyData: z.array(z.string().min(1).max(256)).max(1024).default([]),
  /** Serials of those among them that may be destroyed although a file system, a RAID or the like stands on them. */
  confirmSignatures: z.array(z.string().min(1).max(256)).max(1024).default([]),
});

/** What an operator allows one run of a stage to do, once. */
export type StageOverrides = z.infer<typeof overrides>;

/** Checks what a stage was told of its run. Throws on anything else. */
export function stageFacts(value: unknown): StageFacts {
  return facts.parse(value);
}

/** Checks what a stage was allowed. Throws on anything else. */
export function stageOverrides(value: unknown): StageOverrides {
  return overrides.parse(value);
}
