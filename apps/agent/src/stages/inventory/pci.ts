import { type Inventory, parseLspci, type PciDevice } from "@groundcrew/vetting";
import { readText } from "../sysfs.ts";
import type { Notebook } from "./notebook.ts";

/** The PCI devices, with the link that each has and the best it could have. */
export async function probePci(notes: Notebook): Promise<Inventory["pci"]> {
  const devices = await notes.ask(
    {
      what: "PCI devices",
      tool: "lspci",
      args: ["-vmm", "-nn", "-k", "-D"],
      file: "lspci.txt",
      metrics: ["pci.count"],
    },
    (output) => {
      const devices = parseLspci(output);
      return devices.length === 0 ? undefined : devices;
    },
  );
  return devices === undefined ? undefined : Promise.all(devices.map(withLink));
}

async function withLink(device: PciDevice): Promise<PciDevice> {
  const folder = `/sys/bus/pci/devices/${encodeURIComponent(device.slot).replaceAll("%3A", ":")}`;
  return { ...device, link: await linkOf(folder, "current"), linkMax: await linkOf(folder, "max") };
}

async function linkOf(folder: string, which: "current" | "max"): Promise<string | undefined> {
  const speed = await readText(`${folder}/${which}_link_speed`);
  const width = await readText(`${folder}/${which}_link_width`);
  // The kernel writes "Unknown" and 0 or 255 for a device that has no link of its own.
  if (speed === undefined || width === undefined || speed.startsWith("Unknown")) return undefined;
  return width === "0" || width === "255" ? undefined : `${speed} x${width}`;
}
