import type { PciDevice } from "../inventory.ts";
import { known } from "./json.ts";

/** Reads `lspci -vmm -nn -k -D`: blocks of `Key:<tab>value`, one a device. Blocks without slot and class are left out. */
export function parseLspci(text: string): PciDevice[] {
  return text.split(/\n\s*\n/).flatMap((block) => {
    const fields = fieldsOf(block);
    const slot = fields.get("Slot");
    const deviceClass = fields.get("Class");
    if (slot === undefined || deviceClass === undefined) return [];
    const vendor = fields.get("Vendor") ?? "";
    const device = fields.get("Device") ?? "";
    return [{ slot, class: deviceClass, vendor, device, ...known({ driver: fields.get("Driver") }) }];
  });
}

function fieldsOf(block: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const key = line.slice(0, Math.max(colon, 0)).trim();
    const value = line.slice(colon + 1).trim();
    if (key !== "" && value !== "" && !fields.has(key)) fields.set(key, value);
  }
  return fields;
}
