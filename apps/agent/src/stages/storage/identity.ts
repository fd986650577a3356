import { readFile } from "node:fs/promises";
import { readNames, readText, systemPath } from "../sysfs.ts";
import type { BlockDevice } from "./block-devices.ts";

/** Who a drive says it is. Blank: it does not say. */
export interface DriveIdentity {
  serial: string;
  wwn: string;
  model: string;
}

/** Reads a drive's identity, of ATA, SCSI, NVMe, virtio and MMC. */
export async function identityOf({ folder }: BlockDevice): Promise<DriveIdentity> {
  const first = async (...files: string[]) => (await Promise.all(files.map(textOf))).find((text) => text !== "") ?? "";
  const [serial, wwn, model] = await Promise.all([
    first(`${folder}/device/serial`, `${folder}/serial`, `${folder}/device/vpd_pg80`),
    first(`${folder}/wwid`, `${folder}/device/wwid`, `${folder}/device/cid`),
    first(`${folder}/device/model`, `${folder}/device/name`),
  ]);
  return { serial, wwn, model };
}

/** Why a drive counts as not attached to this machine itself; undefined: it is. */
export async function remoteness({ folder }: BlockDevice): Promise<string | undefined> {
  if (/\/session\d+\//.test(folder)) return "it is attached by iSCSI";
  if (/\/rport-/.test(folder)) return "it is attached by Fibre Channel";
  const transports = await nvmeTransports(folder);
  const far = transports.find((transport) => transport !== "pcie");
  if (far !== undefined) return `it is attached by NVMe over ${far}`;
  if (transports.length > 0) return undefined;
  return folder.startsWith("/sys/devices/virtual/") ? "it is virtual" : undefined;
}

/** How the controllers of an NVMe drive are attached; of one with several, the kernel shows the drive as virtual. */
async function nvmeTransports(folder: string): Promise<string[]> {
  const parent = folder.slice(0, folder.lastIndexOf("/"));
  const children = ((await readNames(parent)) ?? []).filter((name) => /^nvme\d+$/.test(name));
  const folders = /\/nvme\d+$/.test(parent) ? [parent] : children.map((name) => `${parent}/${name}`);
  const transports = await Promise.all(folders.map((each) => readText(`${each}/transport`)));
  return transports.filter((transport) => transport !== undefined);
}

/** A file's text without the bytes that are no text: a page of SCSI begins with four that are its header. */
async function textOf(path: string): Promise<string> {
  try {
    const bytes = await readFile(systemPath(path));
    const text = path.endsWith("/vpd_pg80") ? bytes.subarray(4) : bytes;
    return text
      .toString("latin1")
      .replaceAll(/[^\x20-\x7E]/g, "")
      .trim();
  } catch {
    return "";
  }
}
