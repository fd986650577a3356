import { z } from "zod";
import type { OcpRun } from "./ocp/run.ts";

/** The extension that carries an {@link Inventory}. */
export const INVENTORY_EXTENSION = "groundcrew.inventory";

const text = z.string().max(4096);
const count = z.int().min(0);

const cpu = z.object({
  model: text.optional(),
  vendor: text.optional(),
  architecture: text.optional(),
  microcode: text.optional(),
  sockets: count.optional(),
  cores: count.optional(),
  /** Logical CPUs that are online. */
  threads: count.optional(),
});
const dimm = z.object({
  locator: text.optional(),
  bank: text.optional(),
  sizeBytes: count,
  type: text.optional(),
  speed: text.optional(),
  manufacturer: text.optional(),
  serial: text.optional(),
  part: text.optional(),
});
const disk = z.object({
  name: text,
  sizeBytes: count,
  rotational: z.boolean().optional(),
  transport: text.optional(),
  model: text.optional(),
  serial: text.optional(),
  wwn: text.optional(),
  firmware: text.optional(),
});
const nic = z.object({
  name: text,
  /** Its permanent address where the kernel tells it, else the one in use. */
  mac: text.optional(),
  speedMbps: count.optional(),
  state: text.optional(),
  mtu: count.optional(),
  driver: text.optional(),
  /** The bus address of the device behind it. Absent: there is none, it is made by software. */
  device: text.optional(),
});
const pci = z.object({
  slot: text,
  class: text,
  vendor: text,
  device: text,
  driver: text.optional(),
  /** Such as `8.0 GT/s PCIe x4`, and what the device could do. */
  link: text.optional(),
  linkMax: text.optional(),
});

/** The schema of an {@link Inventory}. */
export const inventorySchema = z.object({
  cpu: cpu.optional(),
  memory: z.object({ totalBytes: count }).optional(),
  dimms: z.array(dimm).max(4096).optional(),
  disks: z.array(disk).max(16_384).optional(),
  nics: z.array(nic).max(16_384).optional(),
  pci: z.array(pci).max(65_536).optional(),
  /** What SMBIOS says, by the kernel's own names, such as `board_serial`. */
  dmi: z.record(z.string().max(64), text).optional(),
  kernel: text.optional(),
  bootId: text.optional(),
});

/** What a machine is made of. What is not known is absent: never 0, never a placeholder. */
export type Inventory = z.infer<typeof inventorySchema>;
export type Cpu = z.infer<typeof cpu>;
export type Dimm = z.infer<typeof dimm>;
export type Disk = z.infer<typeof disk>;
export type Nic = z.infer<typeof nic>;
export type PciDevice = z.infer<typeof pci>;

/** The inventory that a stage recorded, or undefined when it recorded none that can be read. */
export function inventoryOf(run: OcpRun): Inventory | undefined {
  const extension = run.extensions.findLast((extension) => extension.name === INVENTORY_EXTENSION);
  const parsed = inventorySchema.safeParse(extension?.content);
  return parsed.success ? parsed.data : undefined;
}
