import type { Inventory } from "../inventory.ts";
import { driveSize, memorySize } from "./format.ts";
import { facts, html, type Html, table } from "./html.ts";

/** What the machine is made of, a table for each kind of part. */
export function inventorySection(inventory: Inventory | undefined): Html {
  if (inventory === undefined)
    return html`<h2>Inventory</h2>
      <p class="dim">No inventory was recorded.</p> `;
  return html`<h2>Inventory</h2>
    ${summary(inventory)}${dimms(inventory)}${disks(inventory)}${nics(inventory)}${pciDevices(inventory)}${smbios(inventory)}`;
}

function summary({ cpu, memory, kernel, bootId }: Inventory): Html {
  return facts([
    ["CPU", cpu?.model],
    ["Architecture", cpu?.architecture],
    ["Sockets", cpu?.sockets],
    ["Cores", cpu?.cores],
    ["Threads online", cpu?.threads],
    ["Microcode", cpu?.microcode],
    ["Memory the kernel sees", memory === undefined ? undefined : memorySize(memory.totalBytes)],
    ["Kernel", kernel],
    ["Boot", bootId],
  ]);
}

function dimms({ dimms = [] }: Inventory): Html {
  const columns = ["Slot", "Bank", "Size", "Type", "Speed", "Maker", "Part", "Serial"];
  const rows = dimms.map((d) => [
    d.locator,
    d.bank,
    memorySize(d.sizeBytes),
    d.type,
    d.speed,
    d.manufacturer,
    d.part,
    d.serial,
  ]);
  return table("Memory modules", columns, rows);
}

function disks({ disks = [] }: Inventory): Html {
  const columns = ["Drive", "Size", "Model", "Serial", "WWN", "Firmware", "Transport"];
  const rows = disks.map((d) => [d.name, driveSize(d.sizeBytes), d.model, d.serial, d.wwn, d.firmware, d.transport]);
  return table("Drives", columns, rows);
}

function nics({ nics = [] }: Inventory): Html {
  const columns = ["Interface", "MAC", "Speed", "State", "Driver", "Device"];
  const rows = nics
    .filter((nic) => nic.device !== undefined)
    .map((nic) => [
      nic.name,
      nic.mac,
      nic.speedMbps === undefined ? undefined : `${nic.speedMbps} Mb/s`,
      nic.state,
      nic.driver,
      nic.device,
    ]);
  return table("Network interfaces", columns, rows);
}

function pciDevices({ pci = [] }: Inventory): Html {
  const columns = ["Slot", "Class", "Vendor", "Device", "Driver", "Link", "Link at best"];
  const rows = pci.map((p) => [p.slot, p.class, p.vendor, p.device, p.driver, p.link, p.linkMax]);
  return table("PCI devices", columns, rows);
}

function smbios({ dmi = {} }: Inventory): Html {
  const rows = Object.entries(dmi).toSorted(([a], [b]) => a.localeCompare(b));
  return table("SMBIOS", ["Field", "Value"], rows);
}
