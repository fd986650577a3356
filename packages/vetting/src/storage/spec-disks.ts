import { asObject, asObjects, asText } from "../parsers/json.ts";

/** What a specification says of one disk, or of several alike. */
export interface SpecDisk {
  serial?: string;
  model?: string;
  sizeBytes?: number;
  /** How far the size may be off, as a share of it. */
  tolerance: number;
}

/** By how much sizes differ between makers at the same nominal size, where a specification does not say. */
const DEFAULT_TOLERANCE = 0.01;

/** The disks of a machine's specification. Undefined: there is none, or it does not speak of disks. */
export function specDisks(spec: unknown): SpecDisk[] | undefined {
  const disks = asObject(spec)?.["disks"];
  if (!Array.isArray(disks)) return undefined;
  return asObjects(disks).map((disk) => {
    const [serial, model, size, tolerance] = [
      asText(disk["serial"]),
      asText(disk["model"]),
      disk["size"],
      disk["tolerance"],
    ];
    return {
      ...(serial !== undefined && { serial }),
      ...(model !== undefined && { model }),
      ...(typeof size === "number" && { sizeBytes: size }),
      tolerance: typeof tolerance === "number" ? tolerance : DEFAULT_TOLERANCE,
    };
  });
}

/** True for a disk that one of the entries describes: by its serial where the entry has one, and by all it says. */
export function isListed(
  disk: { serial: string; model: string; sizeBytes: number },
  disks: readonly SpecDisk[],
): boolean {
  return disks.some(({ serial, model, sizeBytes, tolerance }) => {
    const fits = sizeBytes === undefined || Math.abs(disk.sizeBytes - sizeBytes) <= sizeBytes * tolerance;
    return fits && (serial ?? disk.serial) === disk.serial && disk.model.includes(model ?? "");
  });
}
