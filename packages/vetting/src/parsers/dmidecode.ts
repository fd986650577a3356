import type { Dimm } from "../inventory.ts";
import { known } from "./json.ts";

/** The memory slots that SMBIOS tells of. */
export interface MemorySlots {
  /** The slots with a module in them. */
  dimms: Dimm[];
  emptySlots: number;
}

/** What SMBIOS writes where it has nothing to say. */
const PLACEHOLDER =
  /^(unknown|not specified|not provided|none|no dimm|to be filled by o\.?e\.?m\.?|0x0+|<out of spec>|-)?$/i;
const SIZE = /^(\d{1,9}) (bytes|kB|MB|GB|TB)$/;
const UNIT_BYTES: Readonly<Record<string, number>> = {
  bytes: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

/**
 * Reads the `Memory Device` structures (type 17) of dmidecode's output. Undefined when there is none, which is not the
 * same as no module: many virtual machines have no SMBIOS.
 */
export function parseMemoryDevices(text: string): MemorySlots | undefined {
  const devices = text
    .split(/\n\s*\n/)
    .filter((block) => /^Memory Device$/m.test(block))
    .map(fieldsOf);
  if (devices.length === 0) return undefined;
  const dimms = devices.flatMap(dimmOf);
  return { dimms, emptySlots: devices.filter((fields) => fields.get("Size") === "No Module Installed").length };
}

function dimmOf(fields: Map<string, string>): Dimm[] {
  const [, number, unit] = SIZE.exec(fields.get("Size") ?? "") ?? [];
  if (number === undefined || unit === undefined) return [];
  const sizeBytes = Number(number) * (UNIT_BYTES[unit] ?? 0);
  const said = (name: string) => {
    const value = fields.get(name);
    return value === undefined || PLACEHOLDER.test(value) ? undefined : value;
  };
  const details = known<Required<Omit<Dimm, "sizeBytes">>>({
    locator: said("Locator"),
    bank: said("Bank Locator"),
    type: said("Type"),
    speed: said("Configured Memory Speed") ?? said("Speed"),
    manufacturer: said("Manufacturer"),
    serial: said("Serial Number"),
    part: said("Part Number"),
  });
  return [{ sizeBytes, ...details }];
}

function fieldsOf(block: string): Map<string, string> {
  const lines = block.split("\n").map((line) => /^\t([^\t:]+):(.*)$/.exec(line));
  return new Map(lines.flatMap((line) => (line === null ? [] : [[line[1] ?? "", (line[2] ?? "").trim()]])));
}
