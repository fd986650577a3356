import { hostname } from "node:os";
import type { DutInfo, Inventory } from "@groundcrew/vetting";

type HardwareInfo = NonNullable<DutInfo["hardwareInfos"]>[number];

/** The machine in OCP's words: a hardware entry for each part that can be replaced. */
export function dutInfoOf(inventory: Inventory, tools: ReadonlyMap<string, string>): DutInfo {
  const { dmi, kernel } = inventory;
  const platform = [dmi?.["sys_vendor"], dmi?.["product_name"]].filter((text) => text !== undefined).join(" ");
  const platformInfos = [platform, kernel === undefined ? "" : `Linux ${kernel}`].filter((info) => info !== "");
  return {
    dutInfoId: hostname(),
    name: hostname(),
    platformInfos: platformInfos.map((info) => ({ info })),
    softwareInfos: [...tools].map(([name, version]) => ({
      softwareInfoId: name,
      name,
      version,
      softwareType: "APPLICATION",
    })),
    hardwareInfos: [...processors(inventory), ...modules(inventory), ...drives(inventory), ...interfaces(inventory)],
  };
}

function processors({ cpu }: Inventory): HardwareInfo[] {
  return cpu?.model === undefined ? [] : [{ hardwareInfoId: "cpu", name: cpu.model, ...maker(cpu.vendor) }];
}

function modules({ dimms = [] }: Inventory): HardwareInfo[] {
  return dimms.map((dimm, index) => ({
    hardwareInfoId: `dimm-${index}`,
    name: dimm.locator ?? "DIMM",
    ...maker(dimm.manufacturer),
    ...serial(dimm.serial),
    ...(dimm.part === undefined ? {} : { partNumber: dimm.part }),
  }));
}

function drives({ disks = [] }: Inventory): HardwareInfo[] {
  return disks.map((disk) => ({
    hardwareInfoId: `disk-${disk.name}`,
    name: disk.model ?? disk.name,
    ...serial(disk.serial),
  }));
}

function interfaces({ nics = [] }: Inventory): HardwareInfo[] {
  return nics
    .filter((nic) => nic.device !== undefined)
    .map((nic) => ({ hardwareInfoId: `nic-${nic.name}`, name: nic.name, ...serial(nic.mac) }));
}

function maker(name: string | undefined): { manufacturer?: string } {
  return name === undefined ? {} : { manufacturer: name };
}

function serial(text: string | undefined): { serialNumber?: string } {
  return text === undefined ? {} : { serialNumber: text };
}
