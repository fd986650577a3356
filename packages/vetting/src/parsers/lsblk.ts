import type { Disk } from "../inventory.ts";
import { asCount, asObject, asObjects, asText, known, parseJson } from "./json.ts";

/** Block devices that the kernel calls disks although memory or a network is behind them. */
const NOT_A_DRIVE = /^(zram|ram|nbd|fd)\d/;

/** The columns that {@link parseLsblk} reads, for `lsblk -J -b -o`. */
export const LSBLK_COLUMNS = "NAME,PATH,TYPE,SIZE,ROTA,TRAN,SERIAL,WWN,MODEL,REV,RO,LOG-SEC,PHY-SEC,FSTYPE,MOUNTPOINT";

/**
 * Reads the drives from `lsblk -J -b`: type `disk`, with a size, with hardware behind them.
 * Undefined when it is not such an output. Older versions write numbers and booleans as text; both are read.
 */
export function parseLsblk(text: string): Disk[] | undefined {
  const devices = asObject(parseJson(text))?.["blockdevices"];
  if (!Array.isArray(devices)) return undefined;
  return asObjects(devices).flatMap((device) => {
    const name = asText(device["name"]);
    const sizeBytes = asCount(device["size"]);
    if (name === undefined || device["type"] !== "disk" || NOT_A_DRIVE.test(name)) return [];
    if (sizeBytes === undefined || sizeBytes === 0) return [];
    return [{ name, sizeBytes, ...details(device) }];
  });
}

function details(device: Record<string, unknown>): Partial<Disk> {
  return known<Omit<Disk, "name" | "sizeBytes">>({
    rotational: asFlag(device["rota"]),
    transport: asText(device["tran"]),
    model: asText(device["model"]),
    serial: asText(device["serial"]),
    wwn: asText(device["wwn"]),
    firmware: asText(device["rev"]),
  });
}

function asFlag(value: unknown): boolean | undefined {
  if (value === true || value === "1") return true;
  return value === false || value === "0" ? false : undefined;
}
