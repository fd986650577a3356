import { type Inventory, parseMemoryDevices } from "@groundcrew/vetting";
import { readNames, readText } from "../sysfs.ts";
import type { Notebook } from "./notebook.ts";

const FOLDER = "/sys/class/dmi/id";
const FIELDS = /^(bios|board|chassis|product|sys)_\w+$/;

/** The memory modules, which only SMBIOS knows. */
export async function probeDimms(notes: Notebook): Promise<Inventory["dimms"]> {
  const slots = await notes.ask(
    { what: "memory modules", tool: "dmidecode", args: [], file: "dmidecode.txt", metrics: ["dimm.count"] },
    parseMemoryDevices,
  );
  return slots?.dimms;
}

/** Who made the machine, its serials and its firmware, as far as the user may read them. */
export async function probeDmi(notes: Notebook): Promise<Inventory["dmi"]> {
  const names = (await readNames(FOLDER))?.filter((name) => FIELDS.test(name));
  if (names === undefined) {
    notes.absent("maker, serials and firmware", `${FOLDER} is not there: the machine has no SMBIOS`);
    return undefined;
  }
  const read = await Promise.all(names.map(async (name) => [name, await readText(`${FOLDER}/${name}`)] as const));
  const fields = Object.fromEntries(read.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  if (fields["product_uuid"] === undefined) {
    notes.absent("serials", `${FOLDER}/product_uuid cannot be read: only root may`);
  }
  await notes.keep("dmi.json", `${JSON.stringify(fields, undefined, 2)}\n`);
  return fields;
}
