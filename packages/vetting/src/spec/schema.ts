import { z } from "zod";
import { link, share, size, speed } from "./quantities.ts";

const text = z.string().trim().min(1, "expected some text").max(256, "expected at most 256 characters");
const count = z.int("expected a whole number").min(0).max(65_536);
const versions = z.array(z.coerce.string().trim().min(1).max(256)).min(1, "expected at least one version").max(256);

/** How many there must be. Default 1. */
const counted = { count: count.default(1) };

const cpu = z.strictObject({
  /** As lscpu tells it. */
  model: text.optional(),
  sockets: count.optional(),
  cores: count.optional(),
  /** Logical CPUs that are online. */
  threads: count.optional(),
});

const dimm = z.strictObject({
  ...counted,
  size: size.optional(),
  type: text.optional(),
  speed: text.optional(),
  manufacturer: text.optional(),
  part: text.optional(),
});

const memory = z.strictObject({
  /** What the kernel has for itself and its programs. */
  total: size.optional(),
  /** How far the total may be off: firmware keeps some for itself. Checkbox allows 10 % above 16 GB. */
  tolerance: share.default(0.1),
  dimms: z.array(dimm).max(256).optional(),
  /** Every channel that has modules has the same, and so has every CPU. */
  symmetric: z.boolean().default(false),
});

const disk = z.strictObject({
  ...counted,
  model: text.optional(),
  /** One disk, by its serial. */
  serial: text.optional(),
  size: size.optional(),
  tolerance: share.default(0.01),
  transport: text.optional(),
  rotational: z.boolean().optional(),
  /** The firmware versions that it may have. */
  firmware: versions.optional(),
});

const nic = z.strictObject({ ...counted, speed: speed.optional(), driver: text.optional() });

const pci = z.strictObject({
  ...counted,
  /** Part of the device's name, or its ids, such as `[15b3:1017]`. */
  device: text.optional(),
  /** Its address, such as `0000:3b:00.0`. */
  slot: text.optional(),
  link: link.optional(),
});

const gpu = z.strictObject({
  ...counted,
  /** Part of the name. */
  model: text.optional(),
  link: link.optional(),
});

const psu = z.strictObject({ ...counted, model: text.optional(), watts: count.optional() });

/** The schema of a {@link Spec} as it is written. */
export const specSchema = z.strictObject({
  /** The model's name. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "expected lower-case letters, digits, dots and dashes"),
  description: z.string().max(4096).default(""),
  cpu: cpu.optional(),
  memory: memory.optional(),
  /** All of them: one that no entry speaks of is one too many. So it is with nics and gpus. */
  disks: z.array(disk).max(1024).optional(),
  nics: z.array(nic).max(256).optional(),
  /** These must be there; others may be. */
  pci: z.array(pci).max(1024).optional(),
  gpus: z.array(gpu).max(256).optional(),
  /** Judged by the stage psu. */
  psus: z.array(psu).max(64).optional(),
  /** The versions that each component may have: `bios` and `microcode` here, the others in the stage firmware. */
  firmware: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/, "expected a component such as bios"), versions)
    .optional(),
});

/** What every machine of a model is made of. Sizes in bytes, speeds in Mbit/s, shares of 1. JSON-serialisable. */
export type Spec = z.infer<typeof specSchema>;
