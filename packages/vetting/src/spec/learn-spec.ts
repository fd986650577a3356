import { stringify } from "yaml";
import type { Dimm, Disk, Inventory, Nic, PciDevice } from "../inventory.ts";
import { gpusOf } from "./gpus.ts";
import { linkText, parseLink, roundSizeText, sizeText, speedText } from "./quantities.ts";
import { unevenChannels } from "./symmetry.ts";
import { specText } from "./text.ts";

/** PCIe devices whose links matter: mass storage and network. A GPU's speed changes when it idles; its lanes do not. */
const LINKED = /\[(01|02)\d\d\]|Non-Volatile memory|Ethernet|Network|Infiniband|Fibre/i;

/**
 * Writes the specification of a model from the inventory of a good machine, as YAML that `parseSpec` reads and with which
 * that machine agrees. What tells one machine from another of its model (serials, addresses) is left out.
 */
export function learnSpec(inventory: Inventory, { name }: { name: string }): string {
  const { cpu, disks, nics } = inventory;
  const found = {
    name: specName(name),
    description: "",
    cpu: present({ model: specText(cpu?.model), sockets: cpu?.sockets, cores: cpu?.cores, threads: cpu?.threads }),
    memory: learnMemory(inventory),
    disks: counted(disks?.filter(({ transport }) => transport !== "usb").map(learnDisk)),
    nics: counted(nics?.filter(({ device }) => device !== undefined).map(learnNic)),
    pci: counted(inventory.pci?.filter((each) => LINKED.test(each.class)).flatMap((each) => learnLink(each))),
    gpus: counted(gpusOf(inventory)?.map(learnGpu)),
    firmware: learnFirmware(inventory),
  };
  return stringify(present(found) ?? {}, { lineWidth: 0 });
}

/** A name that a specification can have, from any text. */
function specName(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 63);
  return name === "" ? "model" : name;
}

function learnMemory({ memory, dimms }: Inventory): object | undefined {
  const even = dimms === undefined ? undefined : unevenChannels(dimms);
  return present({
    total: memory === undefined || memory.totalBytes === 0 ? undefined : roundSizeText(memory.totalBytes),
    dimms: counted(dimms?.map(learnDimm)),
    symmetric: even?.length === 0 ? true : undefined,
  });
}

function learnDimm({ sizeBytes, type, speed, part }: Dimm): object {
  return (
    present({ size: sizeText(sizeBytes), type: specText(type), speed: specText(speed), part: specText(part) }) ?? {}
  );
}

function learnDisk({ model, sizeBytes, transport, rotational }: Disk): object {
  return (
    present({ model: specText(model), size: roundSizeText(sizeBytes), transport: specText(transport), rotational }) ??
    {}
  );
}

function learnNic({ speedMbps, driver }: Nic): object {
  const speed = speedMbps === undefined || speedMbps === 0 || speedMbps > 999_999 ? undefined : speedText(speedMbps);
  return present({ speed, driver: specText(driver) }) ?? {};
}

function learnLink({ device, link }: PciDevice): object[] {
  const found = link === undefined ? undefined : parseLink(link);
  const name = specText(device);
  return found === undefined || name === undefined ? [] : [{ device: name, link: linkText(found) }];
}

function learnGpu({ device, link }: PciDevice): object {
  const lanes = link === undefined ? undefined : parseLink(link)?.lanes;
  return present({ model: specText(device), link: lanes === undefined ? undefined : linkText({ lanes }) }) ?? {};
}

function learnFirmware({ dmi, cpu }: Inventory): object | undefined {
  const [bios, microcode] = [specText(dmi?.["bios_version"]), specText(cpu?.microcode)];
  return present({ bios: bios && [bios], microcode: microcode && [microcode] });
}

/** Equal entries as one, with their count. An empty list stays: none is wanted. */
function counted(entries: readonly object[] | undefined): object[] | undefined {
  if (entries === undefined) return undefined;
  const same = Map.groupBy(entries, (entry) => JSON.stringify(entry));
  return [...same.values()].map((each) => ({ count: each.length, ...each[0] }));
}

/** Without what is undefined. Undefined when nothing is left. */
function present(fields: Record<string, unknown>): Record<string, unknown> | undefined {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : Object.fromEntries(known);
}
