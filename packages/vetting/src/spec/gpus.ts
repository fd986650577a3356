import type { Inventory, PciDevice } from "../inventory.ts";

const DISPLAY = /\[03(00|02|80)\]|VGA compatible controller|3D controller|Display controller/;
/** NVIDIA, AMD, Intel. What draws a management controller's console (ASPEED, Matrox) is no GPU. */
const MAKERS = /\[(10de|1002|8086)\]|NVIDIA|Advanced Micro Devices|AMD\/ATI/i;

/** The GPUs among the PCI devices. Undefined: the inventory has no list of these. */
export function gpusOf({ pci }: Inventory): PciDevice[] | undefined {
  return pci?.filter((device) => DISPLAY.test(device.class) && MAKERS.test(device.vendor));
}

/** What a PCI device is called. */
export function deviceText({ vendor, device }: PciDevice): string {
  return `${vendor} ${device}`.trim();
}
