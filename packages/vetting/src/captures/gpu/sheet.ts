/** One GPU as nvidia-smi tells of it, whatever the form: what stands under which path. */
export interface GpuSheet {
  /** Its UUID where it is told, else its bus id, else its place. */
  id: string;
  /** In the tool's order. A path is lower-case words joined by "_", and its parts by "/": `remapped_rows/pending`. */
  fields: [path: string, value: string][];
}

/** What nvidia-smi wrote, read. */
export interface GpuSheets {
  gpus: GpuSheet[];
  /** How many the tool says there are. Absent: it does not say. */
  claimed?: number;
  /** Why it was not read whole. */
  problems: string[];
}

/** A name of nvidia-smi's as a part of a path: `SRAM Correctable` is `sram_correctable`. */
export function pathPart(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s.]+/g, "_");
}

/** The first of a GPU's names that is told. */
export function idOf(fields: GpuSheet["fields"], otherwise: string): string {
  const told = ["gpu_uuid", "uuid", "pci/bus_id", "pci/pci_bus_id"].map(
    (path) => fields.find(([each]) => each === path)?.[1],
  );
  return told.find((value) => value !== undefined && value !== "" && !isNotTold(value)) ?? otherwise;
}

/** What nvidia-smi writes where a GPU has nothing to tell. */
export function isNotTold(value: string): boolean {
  return /^\[?(n\/a|not supported|none|requested functionality has been deprecated|unknown)\]?$/i.test(value.trim());
}
