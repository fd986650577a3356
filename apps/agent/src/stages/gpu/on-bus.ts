import { readNames, readText } from "../sysfs.ts";

const FOLDER = "/sys/bus/pci/devices";
const NVIDIA = "0x10de";
/** PCI class 03: display controllers, which NVIDIA's accelerators are as well (0302, 3D controller). */
const DISPLAY = /^0x03/;

/** How many GPUs of NVIDIA are on the PCI bus, whatever their driver says. A machine without such a bus has none. */
export async function gpusOnBus(): Promise<number> {
  const slots = (await readNames(FOLDER)) ?? [];
  const found = await Promise.all(slots.map((slot) => isGpu(`${FOLDER}/${slot}`)));
  return found.filter((each) => each).length;
}

async function isGpu(folder: string): Promise<boolean> {
  const [vendor, kind] = await Promise.all([readText(`${folder}/vendor`), readText(`${folder}/class`)]);
  return vendor === NVIDIA && DISPLAY.test(kind ?? "");
}
